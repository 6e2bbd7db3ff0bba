"""Commission by its definition, in plain Python on whole cents and exact fractions.

Belongs here: credits, what each earns, and draws, as docs/reference/commission.md says. Does not:
the demo company's plans and people. Nothing here may be taken from the warehouse's SQL.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from simulation.company.business_calendar import GREGORIAN, BusinessCalendar, Period
from simulation.company.currencies import RATE_UNIT
from simulation.people.plans import MARGINAL, VALUE, Draw, PlanBook, PlanVersion, Spif, Tier

WIN, CLAWBACK, REBOOKING, REINSTATEMENT = "win", "clawback", "rebooking", "reinstatement"
RATE, SPIF, CAP = "rate", "spif", "cap"
MILLIONTHS_A_CENT = 10_000
ADVANCE, RECOVERY, GRANT = "draw_advance", "draw_recovery", "draw_grant"

Cents = TypeVar("Cents", int, Fraction)
RateOn = Callable[[int, int], int]
"""The rate of a currency on a day into the reporting currency, in units of 1e-8."""
QuotaOf = Callable[[str, Period], int | None]
Splits = Mapping[str, list[tuple[str, Fraction]]]


@dataclass(frozen=True)
class Decision:
    """How an episode of a deal ended; `cents` is None where nothing says what it was worth."""

    day: int
    is_won: bool
    owner: str
    cents: int | None


@dataclass(frozen=True)
class CreditedDeal:
    """A deal that counts, with the decisions of its episodes from the first on."""

    opportunity: str
    product: str
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class Credit:
    """What a seller is credited for in an episode, and by which terms it is paid.

    Attributes:
        cents: In the reporting currency, a share of them not rounded; below zero where it takes a
            win back.
        deal_cents: What the whole deal was won for.
        win_episode: Episode of the win that is taken or given back; of a win its own.
        problem: Why it earns nothing; empty if it does.
    """

    opportunity: str
    episode: int
    rep: str
    kind: str
    day: int
    cents: Fraction
    deal_cents: int
    share: Fraction
    product: str
    win_episode: int
    version: PlanVersion | None
    problem: str

    @property
    def order(self) -> tuple[int, str, int]:
        """Where it stands among a seller's credits of a period."""
        return self.day, self.opportunity, self.episode


@dataclass(frozen=True)
class Earning:
    """One row of commission: of a credit and rule, or of a seller's plan period."""

    rep: str
    opportunity: str
    episode: int
    win_episode: int
    kind: str
    rule: str
    plan: str
    version: int
    period: Period
    day: int
    cents: int


def half_up(number: Fraction) -> int:
    """Round to a whole number, a half away from zero."""
    twice = abs(number) * 2
    rounded = (twice.numerator // twice.denominator + 1) // 2
    return rounded if number >= 0 else -rounded


def converted_pay(cents: int, rate: int) -> int:
    """Convert cents at a rate in units of 1e-8, into millionths of the reporting currency."""
    return half_up(Fraction(cents * rate * MILLIONTHS_A_CENT, RATE_UNIT))


def converted(cents: int, rate: int) -> int:
    """Convert cents at a rate in units of 1e-8 into cents, which pay becomes last of all."""
    return half_up(Fraction(converted_pay(cents, rate), MILLIONTHS_A_CENT))


def in_millionths(cents: Fraction) -> int:
    """Give cents in millionths of the currency."""
    return half_up(cents * MILLIONTHS_A_CENT)


def signed(cents: Cents, kind: str) -> Cents:
    """Give what a win came to as a credit of a kind counts it: taken back, it is below zero."""
    return cents if kind in (WIN, REINSTATEMENT) else -cents


def credits_of(deals: Iterable[CreditedDeal], splits: Splits, book: PlanBook) -> Iterator[Credit]:
    """Give the credits of all deals: wins, and what later episodes take or give back of them."""
    for deal in deals:
        yield from _settled(list(_credits_of_deal(deal, splits, book)), book.calendar)


def _settled(credits: list[Credit], calendar: BusinessCalendar) -> Iterator[Credit]:
    """Give credits of a deal, where nothing is left of a win taken back within its own period."""
    at_once = {
        (each.rep, each.win_episode)
        for each in credits
        if each.kind != WIN and _is_in_period_of_win(each, credits, calendar)
    }
    for credit in credits:
        if (credit.rep, credit.win_episode) not in at_once:
            yield credit
        elif credit.kind == WIN:
            yield replace(credit, problem=credit.problem or "taken_back")


def _is_in_period_of_win(taken: Credit, credits: list[Credit], calendar: BusinessCalendar) -> bool:
    (win,) = [
        each
        for each in credits
        if each.kind == WIN and (each.rep, each.episode) == (taken.rep, taken.win_episode)
    ]
    if win.version is None:
        return False
    grain = win.version.grain
    return taken.day in calendar.period_of(grain, win.day)


def _credits_of_deal(deal: CreditedDeal, splits: Splits, book: PlanBook) -> Iterator[Credit]:
    counted: list[Credit] = []  # Wins that count now.
    kept: list[Credit] = []  # Wins that outlived a loss, and gave way to those that count now.
    was_lost = False
    for place, decision in enumerate(deal.decisions):
        episode = place + 1
        if decision.is_won:
            for win in counted:
                yield _later(win, episode, REBOOKING, decision.day)
            kept = counted if was_lost else kept
            counted = list(_wins(deal, episode, decision, splits, book))
            yield from counted
        else:
            lost = [each for each in counted if _is_clawed_back(each, decision.day)]
            for win in lost:
                yield _later(win, episode, CLAWBACK, decision.day)
            again = [each for each in kept if _is_given_back(each, counted, lost, decision.day)]
            for win in again:
                yield _later(win, episode, REINSTATEMENT, decision.day)
            counted = [each for each in counted if each not in lost] + again
            kept = [each for each in kept if each not in again]
        was_lost = not decision.is_won


def _later(win: Credit, episode: int, kind: str, day: int) -> Credit:
    return replace(win, episode=episode, kind=kind, day=day, cents=signed(win.cents, kind))


def _is_given_back(win: Credit, counted: list[Credit], lost: list[Credit], day: int) -> bool:
    """Whether nothing is left, for the seller or else anybody, of the win that it gave way to."""
    own = [each for each in counted if each.rep == win.rep and not each.problem]
    earning = own or [each for each in counted if not each.problem or each in lost]
    if earning:
        return all(each in lost for each in earning)
    # Nobody earns by the later win, so the earlier one's own terms say how long it had to last.
    return any(_is_clawed_back(replace(win, day=each.day), day) for each in counted)


def _is_clawed_back(win: Credit, lost_on: int) -> bool:
    days = win.version.clawback_days if win.version else None
    return days is not None and lost_on - win.day <= days


def _wins(
    deal: CreditedDeal, episode: int, decision: Decision, splits: Splits, book: PlanBook
) -> Iterator[Credit]:
    cents = decision.cents or 0
    for rep, share in splits.get(deal.opportunity, [(decision.owner, Fraction(1))]):
        terms = book.terms(rep, decision.day)
        yield Credit(
            deal.opportunity,
            episode,
            rep,
            WIN,
            decision.day,
            cents * share,
            cents,
            share,
            deal.product,
            episode,
            terms.version,
            "no_value" if decision.cents is None else terms.problem,
        )


class Calculator:
    """What credits earn."""

    def __init__(
        self,
        quota_of: QuotaOf,
        rate_on: RateOn,
        spifs: Iterable[Spif],
        calendar: BusinessCalendar = GREGORIAN,
    ) -> None:
        """Take what earnings depend on besides the credits themselves."""
        self._calendar = calendar
        self._quota_of = quota_of
        self._rate_on = rate_on
        self._spifs = list(spifs)

    def earnings(self, credits: Iterable[Credit]) -> list[Earning]:
        """Give the rows of rules 1 to 4 of all credits that earn."""
        earning = [each for each in credits if each.version is not None and not each.problem]
        by_period: dict[tuple[str, str, Period], list[Credit]] = defaultdict(list)
        for credit in earning:
            if credit.kind == WIN and credit.version:
                period = self._calendar.period_of(credit.version.grain, credit.day)
                by_period[credit.rep, credit.version.plan, period].append(credit)
        rows: dict[tuple[str, str, int], list[Earning]] = {}
        for (rep, _, period), wins in by_period.items():
            for credit, of_credit in self._of_period(rep, period, sorted(wins, key=_order)):
                rows[credit.rep, credit.opportunity, credit.episode] = of_credit
        found = [row for of_credit in rows.values() for row in of_credit]
        for credit in earning:
            if credit.kind != WIN and credit.version:
                win = rows[credit.rep, credit.opportunity, credit.win_episode]
                cents = signed(sum(row.cents for row in win), credit.kind)
                period = self._calendar.period_of(credit.version.grain, credit.day)
                found.append(_row(credit, credit.kind, period, cents))
        return found

    def _of_period(
        self, rep: str, period: Period, wins: list[Credit]
    ) -> Iterator[tuple[Credit, list[Earning]]]:
        """Give the rows of a seller's wins in a plan period, which stand in their order."""
        whole = sum((win.cents for win in wins), Fraction(0))
        before, earned = Fraction(0), 0
        for win in wins:
            version = win.version
            assert version is not None
            rate = self._by_rate(rep, period, version, before, win.cents, whole)
            rows = [_row(win, RATE, period, rate)]
            if incentives := half_up(self._incentives(win)):
                rows.append(_row(win, SPIF, period, incentives))
            before += win.cents
            gained = sum(row.cents for row in rows)
            if version.cap is not None:
                cap = converted(version.cap, self._rate_on(version.currency, period.start))
                over = max(0, earned + gained - cap) - max(0, earned - cap)
                if over:
                    rows.append(_row(win, CAP, period, -over))
            earned += gained
            yield win, rows

    def _by_rate(
        self,
        rep: str,
        period: Period,
        version: PlanVersion,
        before: Fraction,
        cents: Fraction,
        whole: Fraction,
    ) -> int:
        if version.basis == VALUE:
            unit = Fraction(100 * self._rate_on(version.currency, period.start), RATE_UNIT)
        else:
            quota = self._quota_of(rep, period)
            if quota is None:
                return half_up(cents * version.tiers[0].rate)
            unit = Fraction(quota)
        if version.method == MARGINAL:
            return half_up(
                _up_to(version.tiers, unit, before + cents) - _up_to(version.tiers, unit, before)
            )
        reached = [each for each in version.tiers if whole >= each.start * unit]
        return half_up(cents * reached[-1].rate)

    def _incentives(self, win: Credit) -> Fraction:
        """Give what all incentives of a win come to, not rounded."""
        found = Fraction(0)
        for spif in self._spifs:
            fits = (
                spif.since <= win.day < (spif.until or win.day + 1)
                and spif.plan in (None, win.version.plan if win.version else None)
                and spif.product in (None, win.product)
                and win.deal_cents >= (spif.minimum or 0)
            )
            if fits:
                rate = self._rate_on(spif.currency, win.day)
                found += spif.cents * win.share * Fraction(rate, RATE_UNIT)
        return found

    def draws(
        self,
        earnings: Iterable[Earning],
        draws: Iterable[Draw],
        reps: Mapping[str, tuple[str, PlanVersion]],
        today: int,
    ) -> list[Earning]:
        """Give what draws add to and take from the plan periods that have begun.

        Args:
            earnings: The rows of rules 1 to 4.
            draws: All draws.
            reps: Per employee with a draw, the seller and a version of the plan that tells its
                periods.
            today: The last day that is known.
        """
        found = []
        earned: dict[tuple[str, Period], int] = defaultdict(int)
        for row in earnings:
            earned[row.rep, row.period] += row.cents
        by_employee: dict[str, dict[int, Draw]] = defaultdict(dict)
        for draw in draws:
            by_employee[draw.employee][draw.period_start] = draw
        for employee, of_employee in by_employee.items():
            rep, version = reps[employee]
            period = self._calendar.period_of(version.grain, min(of_employee))
            owed = 0
            while period.start <= today:
                draw = of_employee.get(period.start)
                least = 0
                if draw is not None:
                    least = converted(draw.cents, self._rate_on(draw.currency, period.start))
                gap = least - earned[rep, period]
                rule, cents = ADVANCE, gap
                if gap < 0:
                    rule, cents = RECOVERY, -min(owed, -gap)
                elif draw is not None and not draw.is_recoverable:
                    rule = GRANT
                owed += 0 if rule == GRANT else cents
                if cents:
                    found.append(
                        Earning(
                            rep, "", 0, 0, "", rule, version.plan, version.version, period,
                            period.end, cents,
                        )
                    )  # fmt: skip
                period = self._calendar.period_of(version.grain, period.end + 1)
        return found


def _order(credit: Credit) -> tuple[int, str, int]:
    return credit.order


def _up_to(tiers: tuple[Tier, ...], unit: Fraction, cents: Fraction) -> Fraction:
    """Give what a period's first `cents` earn: each part at the rate of the tier it lies in."""
    total = Fraction(0)
    for tier in tiers:
        top = cents if tier.end is None else min(cents, tier.end * unit)
        total += tier.rate * max(Fraction(0), top - tier.start * unit)
    return total


def _row(credit: Credit, rule: str, period: Period, cents: int) -> Earning:
    version = credit.version
    assert version is not None
    return Earning(
        credit.rep,
        credit.opportunity,
        credit.episode,
        credit.win_episode,
        credit.kind,
        rule,
        version.plan,
        version.version,
        period,
        credit.day,
        cents,
    )
