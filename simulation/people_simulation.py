"""HR and payroll from start to end: who works, what is paid, the files, the answer key.

Belongs here: the order of the steps. Does not: any of the steps.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from simulation.answer_key.deal_timelines import UNKNOWN, DealTimeline
from simulation.answer_key.people_key import (
    accounts_of,
    commission_table,
    credit_table,
    headcount,
    identity_gaps,
    paid_after_exit,
    payroll_totals,
    reconciliation_table,
    warnings,
)
from simulation.answer_key.targets_key import TargetsKey
from simulation.answer_key.time_key import selling_time
from simulation.company.business_calendar import MONTH, QUARTER, Period, date_of
from simulation.company.currencies import Rates
from simulation.company.missing_ids import MISSING_USER
from simulation.company.streams import stream
from simulation.company.structure import Company
from simulation.company.structure_rows import structure_rows
from simulation.company.timeline import Timeline
from simulation.company.vocabulary import PRODUCTS
from simulation.deals.deals import Deals
from simulation.extracts.extract_ledger import ExtractLedger
from simulation.extracts.people_defects import PEOPLE_TABLES
from simulation.extracts.table_extracts import TableExtracts
from simulation.people.commission import WIN, Calculator, Credit, CreditedDeal, Decision, credits_of
from simulation.people.commission_pay import LEAST, CommissionPay, adjustment_rows
from simulation.people.hiring import MISSING_REQUISITION, draw_hiring, draw_training
from simulation.people.pay_terms import draw_terms, term_rows
from simulation.people.payroll import (
    MISSING_RUN,
    UNKNOWN_CODE,
    Employee,
    enrol,
    open_books,
    paid_periods,
    pay_bonuses,
    pay_salaries,
    plant_line_oddities,
)
from simulation.people.people_tables import Shown, day_text
from simulation.people.plans import ATTAINMENT, PlanBook, Seller
from simulation.people.workforce import (
    Workforce,
    build_workforce,
    compensation_rows,
    position_rows,
    worker_rows,
)
from simulation.people.working_time import draw_working_time

CROSSWALK = "person_crosswalk"


class PeopleSimulation:
    """Draws HR and payroll after all nights of the CRM, from what became of the deals."""

    def __init__(
        self,
        company: Company,
        rates: Rates,
        targets: TargetsKey,
        timelines: list[DealTimeline],
        deals: Deals,
        timeline: Timeline,
        seed: int,
        per_kind: int,
    ) -> None:
        """Take what the CRM's extracts tell.

        Args:
            company: The CRM's people.
            rates: The exchange rates.
            targets: Knows everybody's quotas.
            timelines: What every deal was from day to day, and how its episodes ended.
            deals: The deals' state after the last night.
            timeline: The days and nights.
            seed: Seed of all streams.
            per_kind: How many of each kind to plant.
        """
        self._company = company
        self._rates = rates
        self._quotas = targets.rep_quotas()
        self._timeline = timeline
        self._seed = seed
        self._per_kind = per_kind
        self._today = timeline.last_day
        self._deals = list(_credited(timelines, deals, company))
        self._hr: dict[str, list[Shown]] = {}
        self._payroll: dict[str, list[Shown]] = {}
        self._crosswalk: list[Shown] = []
        self.key: dict[str, pd.DataFrame] = {}
        self.references: list[tuple[str, str, str, str]] = []

    def draw(self) -> None:
        """Draw everything and work the key out."""
        people, today, calendar = self._company.people, self._today, self._timeline.calendar
        won = self._paid_wins()
        # Of deals that were decided once, so that nothing else is to be said of what was paid.
        once = {deal.opportunity for deal in self._deals if len(deal.decisions) == 1}
        days = _by_owner([each for each in won if each[0] in once])
        force = build_workforce(self._company, days, self._timeline, self._seed, self._per_kind)
        self._draw_hr(force)
        emails = [people.email(each) for each in range(len(people.names))]
        employees = enrol(force, people.names, people.hire_day.tolist(), emails)
        payroll = open_books(employees, today, self._company.locale)
        pay_salaries(payroll, force, today)
        pay_bonuses(payroll, today)
        of_person = {each.person: each.employee_id for each in employees if each.person >= 0}
        terms = draw_terms(
            self._company,
            force.by_person(),
            of_person,
            [each for each in won if each[1] not in (force.before_hire, force.after_exit)],
            self._timeline,
            self._seed,
            self._per_kind,
        )
        book = PlanBook(
            terms.versions, terms.assignments, self._sellers(force, employees), calendar
        )
        credits = list(credits_of(self._deals, terms.shares(), book))
        calculator = Calculator(self._quota, self._rate_on, terms.spifs, calendar)
        earnings = calculator.earnings(credits)
        reps = {}
        for draw in terms.draws:
            rep = next(each for each in book.sellers.values() if each.employee == draw.employee)
            version = book.terms(rep.rep, draw.period_start).version
            assert version is not None
            reps[draw.employee] = (rep.rep, version)
        earnings += calculator.draws(earnings, terms.draws, reps, today)

        def replay(rep: str, plan: str, period: Period, number: int) -> dict[tuple[str, int], int]:
            version = next(each for each in book.versions(plan) if each.version == number)
            wins = [
                replace(each, version=version)
                for each in credits
                if each.kind == WIN
                and each.rep == rep
                and not each.problem
                and each.version
                and each.version.plan == plan
                and each.day in period
            ]
            found: dict[tuple[str, int], int] = defaultdict(int)
            for row in calculator.earnings(wins):
                found[row.opportunity, row.episode] += row.cents
            return found

        pay = CommissionPay(
            payroll,
            book,
            credits,
            earnings,
            self._rate_on,
            replay,
            today,
            stream(self._seed, "commission pay"),
        )
        pay.pay(self._per_kind)
        odd_lines = plant_line_oddities(payroll, self._per_kind)
        self._payroll = (
            payroll.tables()
            | term_rows(terms)
            | {"commission_adjustments": adjustment_rows(pay.adjustments)}
        )
        accounts = accounts_of(self._company, force, payroll)
        self._crosswalk = [
            Shown(("hr", each.worker_id, each.crosswalk, "", ""), each.first_night)
            for each in force.workers
            if each.crosswalk
        ] + [
            Shown(("payroll", each.employee_id, each.crosswalk, "", ""))
            for each in employees
            if each.crosswalk
        ]
        short = sum(sum(share for _, share in each) != 1 for each in terms.shares().values())
        self.key |= {
            "commission_credits": credit_table(credits),
            "commissions": commission_table(earnings),
            "reconciliation": reconciliation_table(pay.differences),
            "identity_gaps": identity_gaps(accounts, force),
            "headcount": headcount(accounts, force, self._company, self._timeline),
            "people_warnings": warnings(
                force,
                odd_lines,
                payroll,
                credits,
                pay.differences,
                short,
                len(self._plans_without_quota(credits)),
                len(
                    {
                        each.row[6]
                        for each in self._hr["applications"]
                        if each.row[1] == MISSING_REQUISITION
                    }
                ),
                len(self._unrated_currencies()),
            ),
            "payroll_totals": payroll_totals(payroll, self._rate_on, self._timeline.calendar),
            "paid_after_exit": paid_after_exit(force, payroll),
        }
        self.references += [
            ("pay_lines", each.line_id, "pay_run_id", MISSING_RUN)
            for each in odd_lines["unknown_run"]
        ] + [
            ("pay_lines", each.line_id, "earning_code", UNKNOWN_CODE)
            for each in odd_lines["unknown_code"]
        ]

    def write(self, ledger: ExtractLedger) -> None:
        """Write HR's files into every night's folder, and payroll's into the last one."""
        extracts = TableExtracts(
            ledger, PEOPLE_TABLES, self._per_kind, stream(self._seed, "people defects")
        )
        for night in range(1, self._timeline.nights + 1):
            known = structure_rows(self._company, self._rates, self._timeline, night)[CROSSWALK]
            extracts.write({CROSSWALK: [*map(Shown, known), *self._crosswalk]}, night)
            extracts.write(self._hr, night)
        extracts.write(self._payroll, self._timeline.nights)

    def _draw_hr(self, force: Workforce) -> None:
        company, timeline, seed, per_kind = (
            self._company,
            self._timeline,
            self._seed,
            self._per_kind,
        )
        time = draw_working_time(force, company, timeline, seed, per_kind)
        self._hr = {
            "workers": [*worker_rows(force.workers, timeline), *force.former],
            "positions": position_rows(force.workers, company),
            "compensation": compensation_rows(force.workers, force.double_base),
            **time.tables(),
            **draw_training(force, company.locale, timeline, seed),
            **draw_hiring(force, company, timeline, seed, per_kind),
        }
        self.key["selling_time"] = selling_time(time, force, company, timeline)
        # Who it is that a time sheet names is personal, so the report does not say it.
        self.references.append(("time_entries", "", "worker_id", ""))
        self.references += [
            ("applications", each.row[0], "requisition_id", MISSING_REQUISITION)
            for each in self._hr["applications"]
            if each.row[1] == MISSING_REQUISITION
        ]

    def _paid_wins(self) -> list[tuple[str, int, int]]:
        """Give the deals won since there are plans whose commission is surely paid by now."""
        months = list(paid_periods(self._today, self._timeline.calendar))
        since = months[0].start + 40
        until = self._timeline.calendar.period_of(
            QUARTER, self._timeline.calendar.period_of(QUARTER, months[-1].start).start - 1
        ).end
        return [
            (deal.opportunity, int(decision.owner.removeprefix("US-")) - 1, decision.day)
            for deal in self._deals
            for decision in deal.decisions
            if decision.is_won
            and since <= decision.day <= until
            and decision.owner not in (UNKNOWN, MISSING_USER)
            and (decision.cents or 0) >= LEAST * self._company.locale.money
        ]

    def _sellers(self, force: Workforce, employees: list[Employee]) -> list[Seller]:
        """Give everybody who may be credited; payroll's days count where HR has none."""
        workers = force.by_person()
        paid = {each.person: each for each in employees if each.person >= 0}
        sellers = []
        for person in range(len(self._company.people.names)):
            known, employee = workers.get(person), paid.get(person)
            dated = known or employee
            sellers.append(
                Seller(
                    self._company.people.id(person),
                    employee.employee_id if employee else None,
                    dated.hired if dated else None,
                    dated.exited if dated else None,
                )
            )
        return sellers

    def _plans_without_quota(self, credits: list[Credit]) -> set[str]:
        return {
            each.version.plan
            for each in credits
            if each.version is not None
            and each.version.basis == ATTAINMENT
            and each.kind == WIN
            and not each.problem
            and self._quota(
                each.rep, self._timeline.calendar.period_of(each.version.grain, each.day)
            )
            is None
        }

    def _unrated_currencies(self) -> set[str]:
        """Give in which currencies trainings were paid that began before there were rates."""
        first = day_text(int(self._rates.days[0]))
        rows = (each.row for each in self._hr["training_enrolments"])
        return {
            currency
            for *_, started_on, _, _, cost, currency in rows
            if cost and currency and started_on < first
        }

    def _rate_on(self, currency: int, day: int) -> int:
        return int(self._rates.to_reporting[currency, day - self._rates.first_day])

    def _quota(self, rep: str, period: Period) -> int | None:
        """Give a seller's quota of a quarter; no quota is set for a month."""
        if period.grain == MONTH:
            return None
        return self._quotas.get((rep, date_of(period.start)))


def _credited(
    timelines: list[DealTimeline], deals: Deals, company: Company
) -> Iterator[CreditedDeal]:
    """Give the deals that count, with how each episode ended."""
    people = company.people
    for timeline in timelines:
        if timeline.is_excluded or not timeline.closings:
            continue
        place = int(timeline.deal.removeprefix("OP-")) - 1
        product = int(deals.product[place])
        yield CreditedDeal(
            timeline.deal,
            PRODUCTS[product].product_id if product >= 0 else UNKNOWN,
            tuple(
                Decision(
                    each.day,
                    each.is_won,
                    people.id(each.owner) if each.owner >= 0 else UNKNOWN,
                    each.cents,
                )
                for each in timeline.closings
            ),
        )


def _by_owner(won: list[tuple[str, int, int]]) -> dict[int, list[int]]:
    days: dict[int, list[int]] = defaultdict(list)
    for _, owner, day in won:
        days[owner].append(day)
    return days
