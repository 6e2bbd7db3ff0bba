"""The field history: how deals came to be what they are, and every change since, field by field.

Belongs here: changes as arrays, and the past of the deals of the first night. Does not: what
happens in later nights (nights.py) and the text of rows (history_extract.py).
"""

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import numpy.typing as npt

from simulation.company.business_calendar import day_number
from simulation.company.streams import stream
from simulation.company.structure import NEVER, Company
from simulation.company.timeline import SECONDS_PER_DAY, Timeline, micro_days
from simulation.company.vocabulary import FORECAST_CATEGORIES, LOST, PRODUCTS, WON
from simulation.deals.deals import NONE, UNDATED, Codes, Deals, Mask, Past, forecast_of_stage

STAGE, AMOUNT, CURRENCY, EXPECTED, OWNER, PROBABILITY, FORECAST = range(7)
FIELD_NAMES = (
    "stage_id", "amount", "currency_code", "expected_close_date", "owner_id", "probability",
    "forecast_category",
)  # fmt: skip
EXCLUSION = 7
"""Not a field of the history: extracts alone say what is merged, deleted or a duplicate."""

HISTORY_SINCE = date(2023, 7, 3)
"""The CRM kept a history from this day on; of what came before it only tells the old values."""

EARLIER_WINS = 8
"""So many deals per kind were won, reopened and lost, and as many won a second time."""
EARLIER_WINS_SINCE, EARLIER_WINS_UNTIL = date(2025, 1, 8), date(2025, 11, 20)

HOUR, DAY = 3600, SECONDS_PER_DAY
OMITTED = FORECAST_CATEGORIES.index("omitted")
Seconds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Changes:
    """Changes of one field of one deal each.

    Attributes:
        deal: Index of the deal.
        field: Which field, as a place in FIELD_NAMES, or EXCLUSION.
        old: What it held: a code, cents, hundredths or a day number; NONE for nothing.
        new: What it holds from then on.
        second: When, in seconds since 1970.
        night: The night whose files tell it first.
        is_written: Whether the field history tells it; else only the deal's own row does.
    """

    deal: Codes
    field: npt.NDArray[np.int8]
    old: npt.NDArray[np.int64]
    new: npt.NDArray[np.int64]
    second: Seconds
    night: npt.NDArray[np.int8]
    is_written: Mask

    def __len__(self) -> int:
        return len(self.deal)

    def rows(self, chosen: npt.NDArray) -> "Changes":
        """Give some of the changes."""
        return Changes(*(getattr(self, each.name)[chosen] for each in fields(self)))


class ChangeLog:
    """All changes, in the order in which the CRM numbered them; it is not the order of time."""

    def __init__(self) -> None:
        """Begin with no change."""
        self._blocks: list[Changes] = []

    def add(
        self,
        deal: npt.NDArray,
        field: int,
        old: npt.NDArray | int,
        new: npt.NDArray | int,
        second: npt.NDArray | int,
        night: npt.NDArray | int,
        is_written: npt.NDArray | bool = True,
    ) -> None:
        """Add changes of one field; single values hold for all of them."""
        number = len(deal)
        self._blocks.append(
            Changes(
                deal.astype(np.int32),
                np.full(number, field, dtype=np.int8),
                np.broadcast_to(old, number).astype(np.int64),
                np.broadcast_to(new, number).astype(np.int64),
                np.broadcast_to(second, number).astype(np.int64),
                np.broadcast_to(night, number).astype(np.int8),
                np.broadcast_to(is_written, number).astype(np.bool_),
            )
        )

    def all(self) -> Changes:
        """Give every change so far; a change's place is its number in the CRM."""
        if len(self._blocks) > 1:
            joined = (
                np.concatenate([getattr(block, each.name) for block in self._blocks])
                for each in fields(Changes)
            )
            self._blocks = [Changes(*joined)]
        return self._blocks[0]


@dataclass(frozen=True)
class HistoryOddities:
    """Deals whose history is special.

    Attributes:
        tracked: Whether the CRM keeps a history of each deal.
        contradicting: Deals whose row says something else than their history.
    """

    tracked: Mask
    contradicting: Codes


class _PastWriter:
    """Writes the past of the deals that exist on the first night."""

    def __init__(
        self,
        company: Company,
        deals: Deals,
        past: Past,
        timeline: Timeline,
        seed: int,
        per_kind: int,
        protected: Mask,
    ) -> None:
        self.log = ChangeLog()
        self._seed = seed
        self._rng = stream(seed, "deal history")
        self._company = company
        self._deals = deals
        self._past = past
        self._per_kind = per_kind
        self._protected = protected
        self._today = timeline.business_day(1)
        self._end_of_today = (self._today + 1) * DAY - 1
        self._since = day_number(HISTORY_SINCE) * DAY
        closed = deals.is_closed
        self._created = deals.created_day.astype(np.int64) * DAY + deals.created_second
        self._end = np.where(
            closed,
            deals.closed_day.astype(np.int64) * DAY + deals.closed_second,
            self._end_of_today,
        )
        closes_oddly = closed & (
            (deals.closed_kind == UNDATED) | (deals.closing_known_day < deals.created_day)
        )
        self.tracked = (
            (deals.created_kind != UNDATED) & (deals.first_night != NEVER) & ~closes_oddly
        )
        self._exists = self.tracked & (deals.created_day <= self._today)
        # Whether the closing is told, so that the history and not the row dates it.
        self._closing_told = self._exists & closed & (self._end >= self._since)
        in_row = closed & deals.has_closing_second
        # A closing day that was set aside from its time is a day only.
        in_row &= deals.closing_known_day == self._end // DAY
        deals.closing_known_second[:] = np.where(self._closing_told | in_row, self._end, NONE)
        self._last_stage = np.zeros(len(deals), dtype=np.int8)

    def write(self, nights: int) -> HistoryOddities:
        last_entry = self._write_stages()
        self._write_probabilities(last_entry)
        changed_amount = self._write_amounts()
        self._write_pushes()
        self._write_owners()
        self._write_currencies()
        self._empty_amounts(changed_amount)
        self._edit_closings()
        contradicting = self._contradict(last_entry, changed_amount)
        self._tell_late(nights)
        self._win_before(last_entry, changed_amount, stream(self._seed, "earlier wins"))
        return HistoryOddities(self.tracked, contradicting)

    def _chance(self, share: float) -> Mask:
        return self._rng.random(len(self._deals), dtype=np.float32) < share

    def _add(
        self,
        chosen: Mask | Codes,
        field: int,
        old: npt.NDArray | int,
        new: npt.NDArray | int,
        second: npt.NDArray,
    ) -> None:
        """Add a change of some deals, given values of all; none from before the history."""
        deal = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        deal = deal[second[deal] >= self._since]
        of_deal = [each[deal] if isinstance(each, np.ndarray) else each for each in (old, new)]
        self.log.add(
            deal, field, of_deal[0], of_deal[1], second[deal], self._deals.first_night[deal]
        )

    def _between(self, start: Seconds, end: Seconds, low: float, high: float) -> Seconds:
        share = self._rng.uniform(low, high, len(start))
        return start + (share * (end - start)).astype(np.int64)

    def _change_stage(self, chosen: Mask, old: npt.NDArray, new: npt.NDArray, at: Seconds) -> None:
        self._add(chosen, STAGE, old, new, at)
        old_forecast, new_forecast = forecast_of_stage(old), forecast_of_stage(new)
        moves = chosen & (self._deals.forecast != OMITTED) & (old_forecast != new_forecast)
        self._add(moves, FORECAST, old_forecast, new_forecast, at)

    def _write_stages(self) -> Seconds:
        """Write every entry of a stage, with skips, steps back and reopened deals.

        Returns:
            When each deal entered the last open stage that it was in.
        """
        deals, rng = self._deals, self._rng
        number = len(deals)
        closed = deals.is_closed
        top = np.where(closed, self._past.last_open_stage, deals.stage)
        has_room = self._exists & (self._end - self._created >= HOUR)
        reached = [has_room & (top > stage) for stage in range(3)]
        skips = rng.integers(0, 30, number, dtype=np.int8)
        for stage in (0, 1):
            reached[stage] &= ~((skips == stage) & reached[stage + 1])
        entered = self._created.copy()
        current = np.zeros(number, dtype=np.int8)
        last_entry = self._created.copy()
        for stage in range(3):
            at = self._past.stage_days[stage].astype(np.int64) * DAY
            at += rng.integers(8 * HOUR, 20 * HOUR, number)
            entered = np.maximum(at, entered + 300)
            at = np.where(closed, np.minimum(entered, self._end - 600 * (3 - stage)), entered)
            chosen = reached[stage]
            new = np.full(number, stage + 1, dtype=np.int8)
            self._change_stage(chosen, current, new, at)
            current = np.where(chosen, new, current)
            last_entry = np.where(chosen, at, last_entry)
            if stage == 1:
                # Some go back once and return before they go on.
                goes_on = self._past.stage_days[2].astype(np.int64) * DAY
                until = np.where(reached[2], np.minimum(goes_on, self._end - 2 * HOUR), self._end)
                back = chosen & (until - at > DAY) & self._chance(0.05)
                third = (until - at) // 3
                self._change_stage(back, new, new - 1, at + third)
                self._change_stage(back, new - 1, new, at + 2 * third)
                last_entry = np.where(back, at + 2 * third, last_entry)
        self._last_stage = current
        last_entry = self._reopen(current, last_entry)
        self._change_stage(self._exists & closed, current, deals.stage, self._end)
        return last_entry

    def _reopen(self, stage: npt.NDArray[np.int8], last_entry: Seconds) -> Seconds:
        """Let some decided deals have been lost once before, and reopened."""
        deals = self._deals
        gap = self._end - last_entry
        lost_at = last_entry + gap // 4
        back_at = last_entry + 3 * (gap // 4)
        chosen = self._closing_told & ~self._protected & ~deals.is_excluded
        chosen &= (gap > 40 * DAY) & (lost_at >= self._since) & self._chance(0.04)
        lost = np.full(len(deals), LOST, dtype=np.int8)
        self._change_stage(chosen, stage, lost, lost_at)
        self._change_stage(chosen, lost, stage, back_at)
        deals.idle[chosen] += micro_days(back_at - lost_at)[chosen]
        return np.where(chosen, back_at, last_entry)

    def _write_probabilities(self, last_entry: Seconds) -> None:
        """A probability of the deal's own was given when it entered its stage."""
        deals = self._deals
        chosen = self._exists & (deals.probability >= 0) & (last_entry > self._created)
        self._add(chosen, PROBABILITY, NONE, deals.probability, last_entry)

    def _write_amounts(self) -> Mask:
        """Write earlier amounts; some were typed twice within a second, some lost deals to 0."""
        deals, rng = self._deals, self._rng
        number = len(deals)
        has_time = self._exists & (self._end - self._created > 2 * DAY)
        chosen = has_time & (deals.amount > 0) & self._chance(0.3)
        first = deals.amount * rng.integers(60, 150, number) // 100 + 1
        at = self._between(self._created, self._end, 0.15, 0.85)
        twice = chosen & self._chance(0.03)
        typed = deals.amount * 10
        self._add(chosen & ~twice, AMOUNT, first, deals.amount, at)
        self._add(twice, AMOUNT, first, typed, at)
        self._add(twice, AMOUNT, typed, deals.amount, at)
        prices = np.array([each.typical_price for each in PRODUCTS] + [9_000, 9_000])
        worth = prices[deals.product] * rng.integers(40, 200, number)
        worth *= self._company.worths()[deals.currency]
        written_off = self._exists & (deals.stage == LOST) & (deals.amount == 0)
        self._add(written_off, AMOUNT, worth, deals.amount, self._end)
        return chosen | written_off

    def _write_pushes(self) -> None:
        """Write how the expected close was moved, mostly out; now and then after the decision."""
        deals, rng = self._deals, self._rng
        number = len(deals)
        pushes = rng.choice(4, number, p=[0.58, 0.27, 0.1, 0.05])
        expected = deals.expected_day.astype(np.int64)
        at = self._end.copy()
        for push in range(3):
            chosen = self._exists & (expected > 0) & (pushes > push)
            at = self._between(self._created, at, 0.4, 0.8)
            moved = np.where(
                self._chance(0.1),
                -rng.integers(5, 40, number),
                rng.integers(7, 60, number),
            )
            chosen &= (at > self._created + DAY) & (expected - moved > deals.created_day)
            before = expected - moved
            self._add(chosen, EXPECTED, before, expected, at)
            expected = np.where(chosen, before, expected)
        afterwards = self._closing_told & (self._end < (self._today - 3) * DAY)
        afterwards &= (deals.expected_day > 0) & self._chance(0.01)
        moved_to = deals.expected_day + rng.integers(1, 30, number, dtype=np.int32)
        self._add(afterwards, EXPECTED, deals.expected_day, moved_to, self._end + DAY)
        deals.expected_day[afterwards] = moved_to[afterwards]

    def _write_owners(self) -> None:
        """Write handovers: of leavers' deals on the day after they left, others at any time."""
        deals, people = self._deals, self._company.people
        first = self._past.first_owner
        handed_over = self._exists & (first >= 0) & (deals.owner >= 0) & (first != deals.owner)
        left_at = (people.leave_day[np.maximum(first, 0)].astype(np.int64) + 1) * DAY + 9 * HOUR
        handed_over &= (left_at > self._created) & (left_at < self._end)
        self._add(handed_over, OWNER, first, deals.owner, left_at)
        swapped = self._exists & ~handed_over & (deals.owner >= 0) & self._chance(0.05)
        swapped &= self._end - self._created > 2 * DAY
        earlier = self._rng.choice(people.reps, len(deals)).astype(np.int32)
        swapped &= earlier != deals.owner
        at = self._between(self._created, self._end, 0.1, 0.9)
        self._add(swapped, OWNER, earlier, deals.owner, at)

    def _write_currencies(self) -> None:
        """Write some currencies that were added later; until then amounts read as dollars."""
        deals = self._deals
        chosen = self._exists & deals.has_currency & (deals.currency > 0) & self._chance(0.03)
        chosen &= self._end - self._created > 2 * DAY
        at = self._between(self._created, self._end, 0.1, 0.6)
        self._add(chosen, CURRENCY, NONE, deals.currency, at)

    def _take(self, fits: Mask, number: int) -> Codes:
        """Choose deals that nothing else happens to from now on."""
        found = np.flatnonzero(fits & ~self._protected & ~self._deals.is_excluded)
        chosen = self._rng.choice(found, min(number, len(found)), replace=False)
        self._protected[chosen] = True
        return chosen.astype(np.int32)

    def _empty_amounts(self, changed_amount: Mask) -> None:
        """Let amounts of won deals be emptied, or set to 0, some days after the closing."""
        deals = self._deals
        fits = self._closing_told & (deals.stage == WON) & (deals.amount > 0) & ~changed_amount
        fits &= self._end < (self._today - 40) * DAY
        chosen = self._take(fits, 3 * self._per_kind)
        emptied = np.full(len(deals), NONE, dtype=np.int64)
        emptied[chosen[::2]] = 0
        self._add(chosen, AMOUNT, deals.amount, emptied, self._end + 10 * DAY)
        deals.amount_won[chosen] = deals.amount[chosen]
        deals.amount[chosen] = emptied[chosen]

    def _edit_closings(self) -> None:
        """Let the close date of decided deals be edited; the transition keeps its own time."""
        deals = self._deals
        chosen = self._take(
            self._closing_told & (self._end < (self._today - 40) * DAY), 3 * self._per_kind
        )
        deals.closed_day[chosen] += self._rng.integers(3, 30, len(chosen), dtype=np.int32)

    def _contradict(self, last_entry: Seconds, changed_amount: Mask) -> Codes:
        """Let the history of some open deals end in another amount or stage than their row has.

        The row holds from its extract on, so that a change that nobody wrote down is added then.
        """
        deals = self._deals
        three_days_ago = np.full(len(deals), (self._today - 3) * DAY + 10 * HOUR)
        fits = self._exists & ~deals.is_closed & (deals.first_night == 1)
        fits &= np.maximum(last_entry, self._created) < (self._today - 5) * DAY
        by_amount = self._take(fits & (deals.amount > 0) & ~changed_amount, 2 * self._per_kind)
        by_stage = self._take(fits & (deals.stage > 0), self._per_kind)
        for chosen, field, held, said in (
            (by_amount, AMOUNT, deals.amount, deals.amount * 3),
            (by_stage, STAGE, deals.stage, deals.stage - 1),
        ):
            self._add(chosen, field, held, said, three_days_ago)
            self.log.add(
                chosen, field, said[chosen], held[chosen], self._end_of_today, 1, is_written=False
            )
        return np.sort(np.concatenate([by_amount, by_stage]))

    def _tell_late(self, nights: int) -> None:
        """Keep some changes back until the second night, though they happened before the first."""
        if nights == 1:
            return
        changes = self.log.all()
        fits = (changes.field == OWNER) & (changes.night == 1) & ~self._protected[changes.deal]
        found = np.flatnonzero(fits)
        late = self._rng.choice(found, min(3 * self._per_kind, len(found)), replace=False)
        self._protected[changes.deal[late]] = True
        changes.night[late] = 2

    def _win_before(
        self, last_entry: Seconds, changed_amount: Mask, rng: np.random.Generator
    ) -> None:
        """Let some deals that were decided last year have been won once before, and reopened.

        Half of them were lost in the end, half won again. Nothing else of them ever changed, so
        that nobody can doubt what the first win was worth and whose it was.
        """
        deals, changes = self._deals, self.log.all()
        steady = self._closing_told & ~self._protected & ~deals.is_excluded & ~changed_amount
        steady[changes.deal[np.isin(changes.field, (OWNER, AMOUNT, CURRENCY))]] = False
        gap = self._end - last_entry
        won_at, back_at = last_entry + gap // 4, last_entry + 3 * (gap // 4)
        steady &= (deals.idle == 0) & (deals.owner >= 0) & (deals.amount > 0)
        steady &= (gap > 12 * DAY) & (won_at >= day_number(EARLIER_WINS_SINCE) * DAY)
        steady &= self._end < day_number(EARLIER_WINS_UNTIL) * DAY
        won = np.full(len(deals), WON, dtype=np.int8)
        for outcome in (LOST, WON):
            found = np.flatnonzero(steady & (deals.stage == outcome))
            number = min(EARLIER_WINS * self._per_kind, len(found))
            chosen = np.zeros(len(deals), dtype=bool)
            chosen[rng.choice(found, number, replace=False)] = True
            self._change_stage(chosen, self._last_stage, won, won_at)
            self._change_stage(chosen, won, self._last_stage, back_at)
            deals.idle[chosen] += micro_days(back_at - won_at)[chosen]
            self._protected[chosen] = True


def write_past(
    company: Company,
    deals: Deals,
    past: Past,
    timeline: Timeline,
    seed: int,
    per_kind: int,
    protected: Mask,
) -> tuple[ChangeLog, HistoryOddities]:
    """Write the history of the deals that exist on the first night, which ends in what they are.

    Args:
        company: Who deals can have belonged to.
        deals: Their state on the first night; changed where somebody edited a decided deal, and
            where a deal lay closed before it was reopened.
        past: How they came to it.
        timeline: The days and nights.
        seed: Seed of all streams.
        per_kind: How many contradictions of each kind to plant.
        protected: Deals that nothing but their own course may change; more are added.

    Returns:
        The changes up to the first night, and what is special about them.
    """
    writer = _PastWriter(company, deals, past, timeline, seed, per_kind, protected)
    oddities = writer.write(timeline.nights)
    return writer.log, oddities
