"""The answer key of HR, payroll and commission.

Belongs here: what a warehouse must say, from what the simulator knows of everybody. Does not:
selling time (time_key.py). Nothing here may be taken from the warehouse's SQL.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from simulation.company.business_calendar import MONTH, BusinessCalendar
from simulation.company.structure import Company, branch_id, team_id
from simulation.company.timeline import Timeline
from simulation.people.commission import WIN, Credit, Earning, RateOn, converted_pay, in_millionths
from simulation.people.commission_pay import Difference
from simulation.people.payroll import EARNING_CODES, Line, Payroll
from simulation.people.people_tables import day_text, exact_money_text, money_text
from simulation.people.workforce import Worker, Workforce


@dataclass(frozen=True)
class Account:
    """A record of a person in one system; `person` is who it really is."""

    system: str
    account: str
    person: str
    number: str
    starts: int | None
    ends: int | None
    sells: bool


def accounts_of(company: Company, force: Workforce, payroll: Payroll) -> list[Account]:
    """Give every record of everybody as the last night has them."""
    people = company.people

    def who(worker: Worker) -> str:
        if worker.person >= 0:
            return f"crm:{worker.person}"
        return worker.crosswalk or f"hr:{worker.worker_id}"

    persons = {each.worker_id: who(each) for each in force.workers}
    found = [
        Account("crm", people.id(person), f"crm:{person}", f"E-{person + 1001}", None, None, False)
        for person in range(len(people.names))
    ]
    found += [
        Account("hr", each.worker_id, who(each), each.number, each.hired, each.exited, each.sells)
        for each in force.workers
    ]
    for each in payroll.employees:
        person = persons.get(each.worker, f"payroll:{each.employee_id}")
        if each.person >= 0:
            person = f"crm:{each.person}"
        found.append(
            Account(
                "payroll", each.employee_id, person, each.number, each.hired, each.exited, False
            )
        )
    return found


def identity_gaps(accounts: list[Account], force: Workforce) -> pd.DataFrame:
    """List where the systems do not agree on who somebody is."""
    rows = set(_absences(accounts)) | set(_doubles(accounts))
    former = {each.row[0]: each.row for each in force.former}
    by_id = {each.worker_id: each for each in force.workers}
    for worker, row in former.items():
        gap = "rehired" if row[1] == by_id[worker].name else "reused_id"
        rows.add((gap, "hr", worker))
    managers = defaultdict(set)
    persons = {each.account: each.person for each in accounts if each.system == "hr"}
    for worker in force.workers:
        for position in worker.positions:
            if position.manager:
                managers[persons[position.manager]].add(position.manager)
    for ids in managers.values():
        if len(ids) > 1:
            rows |= {("manager_under_two_ids", "hr", each) for each in ids}
    return pd.DataFrame(sorted(rows), columns=["gap", "system_name", "system_person_id"])


def _absences(accounts: list[Account]) -> Iterator[tuple[str, str, str]]:
    systems: dict[str, set[str]] = defaultdict(set)
    for each in accounts:
        systems[each.person].add(each.system)
    sellers = {each.person for each in accounts if each.sells}
    for each in accounts:
        known = systems[each.person]
        if "hr" not in known:
            yield "not_in_hr", each.system, each.account
        elif "payroll" not in known:
            yield "not_in_payroll", each.system, each.account
        if "crm" not in known and each.person in sellers:
            yield "not_in_crm", each.system, each.account


def _doubles(accounts: list[Account]) -> Iterator[tuple[str, str, str]]:
    numbers = Counter((each.system, each.number) for each in accounts if each.number)
    of_person: dict[tuple[str, str], list[Account]] = defaultdict(list)
    for each in accounts:
        of_person[each.system, each.person].append(each)
        if numbers[each.system, each.number] > 1:
            yield "employee_number_given_twice", each.system, each.account
    for same in of_person.values():
        ordered = sorted(same, key=lambda each: each.starts or 0)
        overlaps = any(
            one.ends is None or (other.starts or 0) <= one.ends
            for place, one in enumerate(ordered)
            for other in ordered[place + 1 :]
        )
        if len(same) > 1:
            gap = "duplicate_account" if overlaps else "rehired_under_new_id"
            yield from ((gap, each.system, each.account) for each in same)


def headcount(
    accounts: list[Account], force: Workforce, company: Company, timeline: Timeline
) -> pd.DataFrame:
    """Count who joined, who left and who was there at the end of each month, by member.

    Somebody joins on a day of employment that follows one without, under whatever id, and counts
    where the position of that day says.
    """
    persons = {each.account: each.person for each in accounts if each.system == "hr"}
    records: dict[str, list[Worker]] = defaultdict(list)
    for worker in [*force.workers, *force.earlier]:
        records[persons[worker.worker_id]].append(worker)
    sums: dict[tuple[str, str, str], Counter] = defaultdict(Counter)

    def there(person: str, day: int) -> Worker | None:
        return next((each for each in records[person] if each.employed_on(day)), None)

    def note(worker: Worker, day: int, what: str) -> None:
        month = day_text(timeline.calendar.period_of(MONTH, day).start)
        for level, member in _places(worker, day):
            sums[month, level, member][what] += 1

    for person, workers in records.items():
        for worker in workers:
            is_seen = timeline.start_day <= worker.hired <= timeline.last_day
            if is_seen and there(person, worker.hired - 1) is None:
                note(worker, worker.hired, "joiners")
            left = worker.exited
            is_gone = left is not None and timeline.start_day <= left <= timeline.last_day
            if left is not None and is_gone and there(person, left + 1) is None:
                note(worker, left, "leavers")
        for period in timeline.calendar.periods_until(MONTH, timeline.start_day, timeline.last_day):
            day = min(period.end, timeline.last_day)
            worker = there(person, day)
            # Whoever leaves with the last day is not counted beyond it.
            if worker is not None and there(person, day + 1) is not None:
                note(worker, day, "closing_headcount")
    columns = ("joiners", "leavers", "closing_headcount")
    return pd.DataFrame(
        [(*key, *(cell[name] for name in columns)) for key, cell in sorted(sums.items())],
        columns=["period_start", "level", "member_id", *columns],
    )


def _places(worker: Worker, day: int) -> list[tuple[str, str]]:
    position = worker.position_on(day)
    return [
        ("company", "all"),
        ("branch", branch_id(position.branch) if position.branch >= 0 else "unknown"),
        ("team", team_id(position.team) if position.team >= 0 else "unknown"),
    ]


def warnings(
    force: Workforce,
    odd_lines: Mapping[str, list[Line]],
    payroll: Payroll,
    credits: Iterable[Credit],
    differences: Iterable[Difference],
    short_splits: int,
    plans_without_quota: int,
    stray_statuses: int,
    unrated_currencies: int,
) -> pd.DataFrame:
    """List the gates' warnings of HR and payroll with the number of rows that each finds.

    Args:
        force: HR's records.
        odd_lines: Pay lines by what is odd about them.
        payroll: The books.
        credits: All credits.
        differences: What commission was paid otherwise than it was earned.
        short_splits: Deals whose shares are not a whole.
        plans_without_quota: Plans by attainment under which somebody without a quota sold.
        stray_statuses: Statuses of applications to an opening that no extract has.
        unrated_currencies: Currencies of trainings that began before there were rates.
    """
    credits = list(credits)
    problems = {each.problem for each in credits}
    problems -= {"", "no_plan", "no_employee", "taken_back", "unknown_seller"}
    of_nobody = {
        (each.opportunity, each.day)
        for each in credits
        if each.kind == WIN and each.problem == "unknown_seller"
    }
    today_gone = {each.status for each in force.workers if each.exited and each.status}
    strays = sum(run.stray != 0 for run in payroll.runs.values())
    rows = [
        ("stg_hr__workers", "gone_is_terminated", len(today_gone)),
        ("stg_hr__compensation", "one_base_at_a_time", 1 if force.double_base else 0),
        # Without an end, longer than a day, of nobody.
        ("int_time_entries_not_counted", "entries_can_be_right", 3),
        ("stg_payroll__pay_runs", "runs_tie_out", strays),
        # Of one run, one code and one currency that nobody knows.
        ("fct_payroll_line", "lines_can_be_counted", len(odd_lines)),
        # The code of the salary.
        ("fct_payroll_line", "paid_while_employed", len(paid_after_exit(force, payroll)) > 0),
        ("stg_payroll__opportunity_splits", "splits_add_up", short_splits),
        ("stg_payroll__rate_tiers", "tiers_follow_each_other", 1),
        ("stg_payroll__commission_plans", "plans_are_used", 1),
        ("fct_credit", "credits_can_be_paid", len(problems)),
        ("fct_credit", "wins_have_sellers", len(of_nobody)),
        ("fct_commission", "limits_are_known", plans_without_quota),
        (
            "mart_commission_reconciliation",
            "commission_is_paid_by_rule",
            len({each.reason for each in differences}),
        ),
        ("stg_hr__applications", "applications_have_an_opening", stray_statuses),
        ("stg_hr__training_enrolments", "exchange_rate_known", unrated_currencies),
    ]
    return pd.DataFrame(
        [(table, check, int(number)) for table, check, number in rows if number],
        columns=["table", "check_name", "rows"],
    )


def payroll_totals(payroll: Payroll, rate_on: RateOn, calendar: BusinessCalendar) -> pd.DataFrame:
    """Add up what was paid by month of payment and earning class, at the rate of that day."""
    classes = {row[0]: row[2] for row in EARNING_CODES}
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for line in payroll.lines:
        run = payroll.runs.get(line.run)
        if run is None or line.code not in classes or line.currency_text:
            continue
        month = day_text(calendar.period_of(MONTH, run.paid_on).start)
        rate = rate_on(line.currency, run.paid_on)
        sums[month, classes[line.code]] += converted_pay(line.cents, rate)
    return pd.DataFrame(
        [(*key, exact_money_text(millionths)) for key, millionths in sorted(sums.items())],
        columns=["period_start", "earning_class", "paid_value"],
    )


def paid_after_exit(force: Workforce, payroll: Payroll) -> pd.DataFrame:
    """List the lines of pay periods that began after the last day of employment, fixed pay only."""
    exits = {each.worker: each for each in payroll.employees}
    employee = exits.get(force.paid_after_exit)
    rows = [
        (line.line_id, line.employee, line.code, money_text(line.cents))
        for line in payroll.lines
        if employee is not None
        and line.employee == employee.employee_id
        and line.run in payroll.runs
        and employee.exited is not None
        and payroll.runs[line.run].period.start > employee.exited
    ]
    return pd.DataFrame(rows, columns=["pay_line_id", "employee_id", "earning_code", "pay_amount"])


def credit_table(credits: Iterable[Credit]) -> pd.DataFrame:
    """List the credits; the episode is that of the win, also where it is taken back."""
    return pd.DataFrame(
        [
            (
                each.opportunity, each.win_episode, each.rep, each.kind, day_text(each.day),
                exact_money_text(in_millionths(each.cents)), f"{float(each.share):g}",
                each.version.plan if each.version else "",
                each.version.version if each.version else "", each.problem,
            )
            for each in sorted(credits, key=lambda each: (*each.order, each.rep, each.kind))
        ],
        columns=[
            "opportunity_id", "episode", "sales_rep_id", "credit_kind", "credit_date",
            "credit_value", "split_share", "plan_id", "plan_version", "problem",
        ],
    )  # fmt: skip


def commission_table(earnings: Iterable[Earning]) -> pd.DataFrame:
    """List what credits and draws come to; several incentives of a credit are added up."""
    sums: dict[tuple, int] = defaultdict(int)
    for each in earnings:
        sums[
            each.opportunity, each.win_episode, each.rep, each.kind, each.rule, each.plan,
            each.version, day_text(each.period.start), day_text(each.day),
        ] += each.cents  # fmt: skip
    return pd.DataFrame(
        [(*key, money_text(cents)) for key, cents in sorted(sums.items())],
        columns=[
            "opportunity_id", "episode", "sales_rep_id", "credit_kind", "rule", "plan_id",
            "plan_version", "plan_period_start", "earned_date", "commission_value",
        ],
    )  # fmt: skip


def reconciliation_table(differences: Iterable[Difference]) -> pd.DataFrame:
    """List the differences that have to be found."""
    return pd.DataFrame(
        [
            (each.rep, each.opportunity, day_text(each.period_start), each.reason,
             money_text(each.cents))
            for each in sorted(differences, key=lambda each: (each.rep, each.opportunity))
        ],
        columns=[
            "sales_rep_id", "opportunity_id", "plan_period_start", "reason", "difference_value",
        ],
    )  # fmt: skip
