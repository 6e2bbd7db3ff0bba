"""What a reader of all extracts knows each deal to have been, from day to day.

Belongs here: one deal after the other, in plain Python, by the definitions and nothing else. Does
not: the metrics (history_key.py). Nothing here may be taken from the warehouse's SQL.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from simulation.company.currencies import PROBABILITY_UNIT, RATE_UNIT, Rates
from simulation.company.structure import Company, branch_id, team_id
from simulation.company.timeline import MICRO_DAYS, SECONDS_PER_DAY, Timeline
from simulation.company.vocabulary import (
    CURRENCIES,
    LEAD_SOURCES,
    LOST,
    OPEN_STAGES,
    PRODUCTS,
    SEGMENTS,
    STAGES,
    WON,
)
from simulation.deals.deal_history import (
    AMOUNT,
    CURRENCY,
    EXCLUSION,
    EXPECTED,
    FORECAST,
    OWNER,
    PROBABILITY,
    STAGE,
    ChangeLog,
)
from simulation.deals.deals import NONE, UNDATED, Deals
from simulation.deals.line_items import LineItems
from simulation.extracts.writing import opportunity_id

UNKNOWN_STAGE = -1
UNKNOWN = "unknown"
FOREVER = 1 << 30

Members = tuple[tuple[str, str], ...]
Values = dict[int, int]


@dataclass(frozen=True)
class Span:
    """Whole days, from `start` to the day before `end`, in which nothing of a deal changed.

    Attributes:
        kind: `open`, `won`, `lost` or `excluded`.
        cents: Amount in hundredths of its currency while open; None without one.
        weighted: Amount times the chance of winning, likewise; None where either is not known.
        currency: Index in CURRENCIES of both.
        is_dated: Whether anybody knows when the deal was created.
        expected: Day it was expected to close; NONE for none.
        members: Whose it was, per level.
    """

    start: int
    end: int
    kind: str
    stage: int
    forecast: int
    cents: int | None
    weighted: int | None
    currency: int
    is_dated: bool
    expected: int
    members: Members


@dataclass(frozen=True)
class Visit:
    """A stay in a stage; the day and length are None while it lasts.

    Attributes:
        length: Millionths of a day, in whole days where the time of day of either end is not told.
    """

    stage: int
    entered: int
    exited: int | None
    length: int | None
    next_stage: int | None
    members: Members


class Closing(NamedTuple):
    """The decision that ends an episode.

    Attributes:
        owner: Whose deal it was at that moment; a code, or NONE or DANGLING.
        cents: What it was worth then in the reporting currency; None without an amount.
    """

    day: int
    is_won: bool
    owner: int
    cents: int | None


@dataclass(frozen=True)
class DealTimeline:
    """A deal's days, its stays in stages and its closings.

    Attributes:
        closings: Each episode's decision, the oldest first.
        pushes: How often its close date was moved out while open in the last episode.
        is_excluded: Whether it counts nowhere by now.
    """

    deal: str
    spans: list[Span]
    visits: list[Visit]
    closings: list[Closing]
    pushes: int
    is_excluded: bool


class TimelineReader:
    """Reads timelines off the changes and the state of the last night."""

    def __init__(
        self,
        company: Company,
        rates: Rates,
        timeline: Timeline,
        deals: Deals,
        lines: LineItems,
        log: ChangeLog,
    ) -> None:
        """Take everything as the last night leaves it."""
        self._company = company
        self._products = company.products
        self._rates = rates
        self._timeline = timeline
        self._deals = deals
        self._created_at = deals.created_known_second
        self._totals = lines.totals(len(deals)).tolist()
        self._changes = self._by_deal(log)
        self._members: dict[tuple[int, ...], Members] = {}
        self._breaks = [timeline.business_day(night) for night in range(2, timeline.nights + 1)]

    def _by_deal(self, log: ChangeLog) -> dict[int, list[tuple[int, int, int, int, bool]]]:
        """Give each deal's changes in order of time: second, field, old, new, is written."""
        changes = log.all()
        told = np.flatnonzero(changes.night <= self._timeline.nights)
        night_days = np.array(
            [0, *(self._timeline.business_day(n + 1) for n in range(self._timeline.nights))]
        )
        # What no history tells holds from the day of the extract that shows it.
        shown = (night_days[changes.night[told]] + 1) * SECONDS_PER_DAY - 1
        second = np.where(changes.is_written[told], changes.second[told], shown)
        order = np.lexsort((told, second, changes.deal[told]))
        rows = zip(
            changes.deal[told][order].tolist(),
            second[order].tolist(),
            changes.field[told][order].tolist(),
            changes.old[told][order].tolist(),
            changes.new[told][order].tolist(),
            changes.is_written[told][order].tolist(),
            strict=True,
        )
        return {deal: [row[1:] for row in group] for deal, group in groupby(rows, itemgetter(0))}

    def read(self) -> Iterator[DealTimeline]:
        """Give the timelines of all deals that extracts have shown and that ever counted."""
        for deal in np.flatnonzero(self._deals.first_night <= self._timeline.nights).tolist():
            timeline = self._read(deal)
            if timeline is not None:
                yield timeline

    def _read(self, deal: int) -> DealTimeline | None:
        deals, changes = self._deals, self._changes.get(deal, [])
        is_excluded = bool(deals.is_excluded[deal])
        if is_excluded and all(field != EXCLUSION for _, field, *_ in changes):
            return None
        values = self._last_values(deal)
        values[EXCLUSION] = int(is_excluded)
        for _, field, old, _, _ in reversed(changes):
            values[field] = old
        moments = [(second, list(group)) for second, group in groupby(changes, itemgetter(0))]
        begin = self._begin(deal)
        if values[STAGE] >= OPEN_STAGES:
            # First seen decided, and nothing tells how it came to that.
            closed_on = int(deals.closing_known_day[deal])
            decided = values
            values = decided | {STAGE: UNKNOWN_STAGE, FORECAST: NONE, PROBABILITY: NONE}
            if values[AMOUNT] == 0 and decided[STAGE] == LOST:
                values[AMOUNT] = NONE
            is_dated = deals.created_kind[deal] != UNDATED
            closing = ((closed_on + 1) * SECONDS_PER_DAY - 1, [(0, STAGE, 0, decided[STAGE], True)])
            moments = [closing, *moments]
            if not is_dated or closed_on < begin:
                begin = closed_on
        return self._tell(deal, begin, values, moments, is_excluded)

    def _last_values(self, deal: int) -> Values:
        deals = self._deals
        return {
            STAGE: int(deals.stage[deal]),
            AMOUNT: int(deals.amount[deal]),
            CURRENCY: int(deals.currency[deal]),
            EXPECTED: int(deals.expected_day[deal]),
            OWNER: int(deals.owner[deal]),
            PROBABILITY: int(deals.probability[deal]),
            FORECAST: int(deals.forecast[deal]),
        }

    def _begin(self, deal: int) -> int:
        if self._deals.created_kind[deal] == UNDATED:
            return self._timeline.business_day(int(self._deals.first_night[deal]))
        return int(self._deals.created_day[deal])

    def _tell(
        self,
        deal: int,
        begin: int,
        values: Values,
        moments: list[tuple[int, list[tuple]]],
        is_excluded: bool,
    ) -> DealTimeline:
        """Play the moments after the beginning and keep what was so at the end of each day."""
        days = {begin: dict(values)}
        created_at = int(self._created_at[deal])
        begun_at = created_at if created_at // SECONDS_PER_DAY == begin else None
        stays = [(values[STAGE], begin, begun_at, self._members_of(deal, values, begin))]
        closings: list[Closing] = []
        pushes = 0
        for second, changes in moments:
            day = second // SECONDS_PER_DAY
            before = dict(values)
            for _, field, _, new, _ in changes:
                values[field] = new
            days[day] = dict(values)
            was_open, is_open = before[STAGE] < OPEN_STAGES, values[STAGE] < OPEN_STAGES
            if values[STAGE] != before[STAGE]:
                is_told = any(field == STAGE and is_written for _, field, *_, is_written in changes)
                moment = second if is_told else None
                stays.append((values[STAGE], day, moment, self._members_of(deal, values, day)))
            if was_open and not is_open:
                is_won = values[STAGE] == WON
                cents = self._value(deal, values, day)
                closings.append(Closing(day, is_won, values[OWNER], cents))
            if is_open and not was_open:
                pushes = 0
            if was_open and is_open and values[EXPECTED] > before[EXPECTED] > 0:
                pushes += 1
        exits = [*stays[1:], (None, None, None, ())]
        visits = [
            Visit(stage, entered, exited, _length(entered, at, exited, left_at), following, members)
            for (stage, entered, at, members), (following, exited, left_at, _) in zip(
                stays, exits, strict=True
            )
        ]
        spans = list(self._spans(deal, days))
        return DealTimeline(opportunity_id(deal), spans, visits, closings, pushes, is_excluded)

    def _spans(self, deal: int, days: dict[int, Values]) -> Iterator[Span]:
        """Give the days' states, ended too where the owner's team may have changed."""
        starts = sorted(days)
        for start, end in zip(starts, [*starts[1:], FOREVER], strict=True):
            values = days[start]
            cuts = [start, *(each for each in self._breaks if start < each < end), end]
            for first, last in pairwise(cuts):
                yield self._span(deal, values, first, last)

    def _span(self, deal: int, values: Values, first: int, last: int) -> Span:
        stage = values[STAGE]
        kind = {WON: "won", LOST: "lost"}.get(stage, "open")
        if values[EXCLUSION]:
            kind = "excluded"
        cents = weighted = None
        currency = 0
        if kind == "open":
            cents, currency = self._amount(deal, values)
            chance = values[PROBABILITY]
            if chance < 0 and stage != UNKNOWN_STAGE:
                chance = STAGES[stage].probability
            if cents is not None and chance >= 0:
                weighted = half_up(cents * chance, PROBABILITY_UNIT)
        members = self._members_of(deal, values, first)
        # A deal that a later extract adds was created by then.
        is_dated = (
            self._deals.created_kind[deal] != UNDATED or int(self._deals.first_night[deal]) > 1
        )
        return Span(
            start=first,
            end=last,
            kind=kind,
            stage=stage,
            forecast=values[FORECAST],
            cents=cents,
            weighted=weighted,
            currency=currency,
            is_dated=is_dated,
            expected=values[EXPECTED],
            members=members,
        )

    def _value(self, deal: int, values: Values, day: int) -> int | None:
        """Give a deal's worth at a day's rate."""
        cents, currency = self._amount(deal, values)
        return None if cents is None else self.converted(cents, currency, day)

    def _amount(self, deal: int, values: Values) -> tuple[int | None, int]:
        """Give a deal's amount and its currency: its own, else its lines', else the list price."""
        cents, currency = values[AMOUNT], max(0, values[CURRENCY])
        if cents < 0:
            cents = self._totals[deal]
        product = int(self._deals.product[deal])
        if cents < 0 and product >= 0:
            price = self._products[product].list_price
            cents = NONE if price is None else price
            currency = CURRENCIES.index(self._products[product].currency_code or CURRENCIES[0])
        return (None if cents < 0 else cents), currency

    def converted(self, cents: int, currency: int, day: int) -> int:
        """Convert cents of a currency at a day's rate into cents of the reporting currency."""
        return half_up(self.unrounded(cents, currency, day), RATE_UNIT)

    def unrounded(self, cents: int, currency: int, day: int) -> int:
        """The same in units of 1e-8 cents, for sums that are rounded once."""
        return cents * self._rates.rate(currency, day)

    def members_on(self, day: int, person: int) -> Members:
        """Give whom a person counts for on a day, apart from any deal."""
        night = int(self._timeline.night_index(np.array([day]))[0])
        return self._whose(person, night, NONE, NONE, NONE, NONE)

    def _members_of(self, deal: int, values: Values, day: int) -> Members:
        deals = self._deals
        night = int(self._timeline.night_index(np.array([day]))[0])
        key = (
            values[OWNER],
            night,
            int(deals.territory[deal]),
            int(deals.account[deal]),
            int(deals.product[deal]),
            int(deals.lead_source[deal]),
        )
        if key not in self._members:
            self._members[key] = self._whose(*key)
        return self._members[key]

    def _whose(
        self, owner: int, night: int, territory: int, account: int, product: int, source: int
    ) -> Members:
        """Give whom something counts for, per level, as of a 0-based night; all else are codes."""
        company, people = self._company, self._company.people
        team = int(people.team[night, owner]) if owner >= 0 else NONE
        owners = np.array([max(owner, 0)], dtype=np.int32)
        branch = int(company.branch_of(np.array([night]), owners)[0]) if owner >= 0 else NONE
        if territory == NONE:
            territory = int(people.territory[night, owner]) if owner >= 0 else NONE
        segment = int(company.accounts.segment[account]) if account >= 0 else NONE
        return (
            ("company", "all"),
            ("branch", branch_id(branch) if branch >= 0 else UNKNOWN),
            ("territory", company.territories.id(territory) if territory >= 0 else UNKNOWN),
            ("team", team_id(team) if team >= 0 else UNKNOWN),
            ("rep", people.id(owner) if owner >= 0 else UNKNOWN),
            ("segment", SEGMENTS[segment] if segment >= 0 else UNKNOWN),
            ("product", PRODUCTS[product].product_id if product >= 0 else UNKNOWN),
            ("lead_source", LEAD_SOURCES[source] if source >= 0 else UNKNOWN),
        )


def _length(
    entered: int, entered_at: int | None, exited: int | None, exited_at: int | None
) -> int | None:
    """Give the millionths of a day from one day, or moment where both are told, to another."""
    if exited is None:
        return None
    if entered_at is None or exited_at is None or exited_at < entered_at:
        return (exited - entered) * MICRO_DAYS
    return half_up((exited_at - entered_at) * MICRO_DAYS, SECONDS_PER_DAY)


def half_up(number: int, unit: int) -> int:
    """Divide a whole number of any size by a unit; a half is rounded up."""
    return (number + unit // 2) // unit
