"""The answer key of the deal history, counted deal by deal in plain Python.

Belongs here: the metrics by their definitions. Nothing here may be taken from the warehouse's SQL.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import median

import numpy as np
import pandas as pd

from simulation.answer_key.answer_key import KnownDeals, Level
from simulation.answer_key.deal_timelines import (
    UNKNOWN,
    DealTimeline,
    Members,
    Span,
    TimelineReader,
    half_up,
)
from simulation.company.business_calendar import MONTH, QUARTER, BusinessCalendar, Period, date_of
from simulation.company.currencies import RATE_UNIT
from simulation.company.timeline import MICRO_DAYS, Timeline
from simulation.company.vocabulary import (
    COMPETITORS,
    DEAL_TYPES,
    FORECAST_CATEGORIES,
    LOSS_REASONS,
    OPEN_STAGES,
    STAGES,
    WON,
)

GRAINS = (MONTH, QUARTER)
MOST_PUSHES = 3
MOVEMENTS = (
    "start_value", "created_value", "increased_value", "pulled_in_value", "reopened_value",
    "decreased_value", "pushed_out_value", "won_value", "lost_value", "removed_value",
    "transferred_value", "revaluation_value", "end_value",
)  # fmt: skip

Sums = defaultdict[tuple, defaultdict[str, int]]


class HistoryKey:
    """Counts over the timelines of all deals.

    What is open is worth what its amount is at the rate of the day that is looked at.
    """

    def __init__(
        self,
        deals: list[DealTimeline],
        reader: TimelineReader,
        timeline: Timeline,
        size_bands: Sequence[tuple[float, str]],
    ) -> None:
        """Take the timelines as they are known after the last night, and what converts amounts.

        Args:
            deals: What became of each deal.
            reader: Knows the rates.
            timeline: The nights and the calendar.
            size_bands: Worth in hundredths below which a deal is in a band, and the band's name.
        """
        self._size_bands = size_bands
        self._deals = deals
        self._reader = reader
        self._calendar = timeline.calendar
        self._today = timeline.last_day
        self._first_day = timeline.start_day

    def pipeline(self) -> pd.DataFrame:
        """Give the open deals at the end of each month and of each of the last ten days."""
        months = self._calendar.periods_until(MONTH, self._first_day, self._today)
        days = {period.end for period in months}
        days |= set(range(self._today - 9, self._today + 1))
        days = sorted(day for day in days if day <= self._today)
        sums = _sums()
        for span in self._open_spans():
            stage = STAGES[span.stage].stage_id if span.stage >= 0 else UNKNOWN
            forecast = FORECAST_CATEGORIES[span.forecast] if span.forecast >= 0 else UNKNOWN
            members = (*span.members, ("stage", stage), ("forecast_category", forecast))
            for day in days:
                if not span.start <= day < span.end:
                    continue
                is_overdue = 0 < span.expected < day
                value = self._reader.unrounded(span.cents or 0, span.currency, day)
                weighted = self._reader.unrounded(span.weighted or 0, span.currency, day)
                for member in members:
                    cell = sums[date_of(day).isoformat(), *member]
                    cell["open_deals"] += 1
                    cell["open_value"] += value
                    cell["weighted_value"] += weighted
                    cell["overdue_deals"] += is_overdue
                    cell["overdue_value"] += value * is_overdue
                    cell["no_amount_deals"] += span.cents is None
                    cell["undated_deals"] += not span.is_dated
        _round(sums, ("open_value", "weighted_value", "overdue_value"))
        return _table(sums, ("as_of_date", "level", "member_id"))

    def movements(self) -> pd.DataFrame:
        """Give what moved the pipeline that was expected to close in each month and quarter.

        Each deal's worth is rounded, so that movements lead from start to end to the cent.
        """
        sums = _sums()

        def note(period: Period, members: Members, movement: str, cents: int) -> None:
            for member in members:
                sums[*period.key, *member][movement] += cents

        for grain in GRAINS:
            for deal in self._deals:
                for before, after in zip([None, *deal.spans], deal.spans, strict=False):
                    period = self._calendar.period_of(grain, after.start)
                    for whose, movement, cents in self._movement(before, after, period):
                        note(period, whose, movement, cents)
            for span in self._open_spans():
                if span.expected <= 0:
                    continue
                period = self._calendar.period_of(grain, span.expected)
                if period.start > self._today:
                    continue
                last_known = min(period.end, self._today)
                if span.end < period.start or span.start > last_known:
                    continue
                valued_from = max(span.start, period.start - 1)
                valued_to = min(span.end, last_known)
                from_value, to_value = self._value(span, valued_from), self._value(span, valued_to)
                if span.start < period.start:
                    note(period, span.members, "start_value", from_value)
                if span.end > last_known:
                    note(period, span.members, "end_value", to_value)
                note(period, span.members, "revaluation_value", to_value - from_value)
        moved = set(MOVEMENTS) - {"decreased_value", "pushed_out_value", "won_value"}
        moved -= {"lost_value", "removed_value"}
        shown = {key: row for key, row in sums.items() if any(row[each] for each in moved)}
        return _table(shown, ("period_grain", "period_start", "level", "member_id"), MOVEMENTS)

    def stages(self) -> pd.DataFrame:
        """Give how stays in a stage ended, by the month in which they began."""
        sums = _sums()
        days: defaultdict[tuple, list[float]] = defaultdict(list)
        for deal in self._deals:
            if deal.is_excluded:
                continue
            for visit in deal.visits:
                if not 0 <= visit.stage < OPEN_STAGES:
                    continue
                outcome = _outcome(visit.stage, visit.next_stage)
                for level, member in visit.members:
                    entered = self._calendar.period_of(MONTH, visit.entered)
                    key = (*entered.key, level, member, STAGES[visit.stage].stage_id)
                    sums[key]["entered"] += 1
                    sums[key][outcome] += 1
                    if visit.exited is None or visit.length is None or visit.next_stage is None:
                        continue
                    days[key].append(visit.length / MICRO_DAYS)
                    reached = OPEN_STAGES if visit.next_stage == WON else visit.next_stage
                    if outcome not in ("won", "advanced"):
                        continue
                    left = self._calendar.period_of(MONTH, visit.exited)
                    for skipped in range(visit.stage + 1, reached):
                        sums[*left.key, level, member, STAGES[skipped].stage_id]["skipped"] += 1
        counts = ("entered", "advanced", "won", "lost", "still_open", "regressed", "skipped")
        by = ("period_grain", "period_start", "level", "member_id", "stage_id")
        table = _table(sums, by, counts, cents=False)
        keys = [tuple(row) for row in table[list(by)].itertuples(index=False)]
        ended = [row["entered"] - row["still_open"] for row in (sums[key] for key in keys)]
        good = [row["advanced"] + row["won"] for row in (sums[key] for key in keys)]
        table["stage_conversion_rate"] = [_over(a, b) for a, b in zip(good, ended, strict=True)]
        table["median_days_in_stage"] = [median(days[key]) if days[key] else None for key in keys]
        table["p90_days_in_stage"] = [
            float(np.percentile(days[key], 90)) if days[key] else None for key in keys
        ]
        return table

    def efficiency(self) -> pd.DataFrame:
        """Give what became in each period of the deals that were open when it began."""
        sums = _sums()
        for grain in GRAINS:
            for period in self._calendar.periods_until(grain, self._first_day, self._today):
                for deal in self._deals:
                    for span in deal.spans:
                        if span.kind == "open" and span.start < period.start <= span.end:
                            self._note_start(sums, period, deal, span)
        by = ("period_grain", "period_start", "level", "member_id")
        money = ("starting_open_value", "starting_value_won", "expected_value")
        _round(sums, money)
        counts = (
            "starting_open_deals", "expected_deals", "due_deals", "slipped_deals", "pushed_deals",
        )  # fmt: skip
        table = _table(sums, by, money)
        rows = [sums[tuple(row)] for row in table[list(by)].itertuples(index=False)]
        for count in counts:
            table[count] = [row[count] for row in rows]
        table["pipeline_conversion"] = [
            _over(row["starting_value_won"], row["starting_open_value"]) for row in rows
        ]
        table["slip_rate"] = [_over(row["slipped_deals"], row["due_deals"]) for row in rows]
        return table

    def _note_start(self, sums: Sums, period: Period, deal: DealTimeline, span: Span) -> None:
        closing = next((each for each in deal.closings if each[0] >= span.end), None)
        is_decided = closing is not None and closing[0] in period
        is_expected = span.expected in period
        is_due = is_expected and span.expected <= self._today
        is_pushed = is_expected and any(
            later.kind == "open" and later.start in period and later.expected > period.end
            for later in deal.spans
        )
        value = self._reader.unrounded(span.cents or 0, span.currency, period.start - 1)
        for member in span.members:
            cell = sums[*period.key, *member]
            cell["starting_open_deals"] += 1
            cell["starting_open_value"] += value
            cell["starting_value_won"] += value if closing and is_decided and closing[1] else 0
            cell["expected_deals"] += is_expected
            cell["expected_value"] += value if is_expected else 0
            cell["due_deals"] += is_due
            cell["slipped_deals"] += is_due and not is_decided
            cell["pushed_deals"] += is_pushed

    def pushes(self, closed: KnownDeals, levels: list[Level]) -> pd.DataFrame:
        """Give closings by how often the close date was pushed before, by month of closing.

        Args:
            closed: The deals that are closed and count.
            levels: Whose each of them is, as of its closing.
        """
        by_deal = {deal.deal: deal.pushes for deal in self._deals}

        def pushes_of(place: int, deal: str) -> list[tuple[str, ...]]:
            number = by_deal[deal]
            return [(f"{MOST_PUSHES} or more" if number >= MOST_PUSHES else str(number),)]

        return _closings(closed, levels, ("pushes",), pushes_of, self._calendar)

    def win_loss(self, closed: KnownDeals, levels: list[Level]) -> pd.DataFrame:
        """Give closings by what decided them, by month of closing.

        Args:
            closed: The deals that are closed and count.
            levels: Whose each of them is, as of its closing.
        """
        return win_loss(closed, levels, self._calendar, self._size_bands)

    def _value(self, span: Span, day: int) -> int:
        """Give what a span's deal is worth at a day's rate; 0 without an amount."""
        return self._reader.converted(span.cents or 0, span.currency, day)

    def _movement(
        self, before: Span | None, after: Span, period: Period
    ) -> Iterator[tuple[Members, str, int]]:
        """Say whom a change of a deal brings or takes what, in the period in which it happens."""
        was_in = before is not None and before.kind == "open" and before.expected in period
        is_in = after.kind == "open" and after.expected in period
        held = self._value(before, after.start) if was_in and before else 0
        if is_in:
            now = self._value(after, after.start)
            if was_in and before:
                yield after.members, "increased_value", max(0, now - held)
                yield after.members, "decreased_value", max(0, held - now)
                yield after.members, "transferred_value", held
                yield before.members, "transferred_value", -held
            elif before is None or before.kind == "excluded":
                yield after.members, "created_value", now
            elif before.kind == "open":
                yield after.members, "pulled_in_value", now
            else:
                yield after.members, "reopened_value", now
        elif was_in and before:
            name = {"open": "pushed_out", "excluded": "removed"}.get(after.kind, after.kind)
            yield before.members, f"{name}_value", held

    def _open_spans(self) -> Iterator[Span]:
        for deal in self._deals:
            yield from (span for span in deal.spans if span.kind == "open")


def win_loss(
    closed: KnownDeals,
    levels: list[Level],
    calendar: BusinessCalendar,
    size_bands: Sequence[tuple[float, str]],
) -> pd.DataFrame:
    """Give closings by loss reason, competitor, deal type and size band, by month of closing."""
    deals = closed.deals

    def categories(place: int, deal: str) -> list[tuple[str, ...]]:
        is_won = deals.stage[place] == WON
        value = int(closed.value[place])
        bands = (name for limit, name in size_bands if value < limit)
        return [
            ("loss_reason", "won" if is_won else _word(LOSS_REASONS, deals.loss_reason[place])),
            ("competitor", _word(COMPETITORS, deals.competitor[place])),
            ("deal_type", _word(DEAL_TYPES, deals.deal_type[place])),
            ("size_band", UNKNOWN if value < 0 else next(bands)),
        ]

    return _closings(closed, levels, ("dimension", "category"), categories, calendar)


def _closings(
    closed: KnownDeals,
    levels: list[Level],
    names: tuple[str, ...],
    categories: Callable[[int, str], list[tuple[str, ...]]],
    calendar: BusinessCalendar,
) -> pd.DataFrame:
    """Count closings by month, member and some categories, of which a deal can have several."""
    sums = _sums()
    members = [
        [(level.name, level.members[code] if code >= 0 else UNKNOWN) for code in level.codes]
        for level in levels
    ]
    for place, index in enumerate(closed.index.tolist()):
        is_won = bool(closed.deals.stage[place] == WON)
        value = max(0, int(closed.value[place]))
        period = calendar.period_of(MONTH, int(closed.deals.closing_known_day[place]))
        for category in categories(place, f"OP-{index + 1:08d}"):
            for by_deal in members:
                cell = sums[*period.key, *by_deal[place], *category]
                cell["won_deals"] += is_won
                cell["lost_deals"] += not is_won
                cell["won_value"] += value * is_won
    by = ("period_grain", "period_start", "level", "member_id", *names)
    table = _table(sums, by, ("won_value",))
    rows = [sums[tuple(row)] for row in table[list(by)].itertuples(index=False)]
    for count in ("won_deals", "lost_deals"):
        table[count] = [row[count] for row in rows]
    return table


def _outcome(stage: int, following: int | None) -> str:
    if following is None:
        return "still_open"
    if following >= OPEN_STAGES:
        return "won" if following == WON else "lost"
    return "advanced" if following > stage else "regressed"


def _word(words: tuple[str, ...], code: int) -> str:
    return words[code] if code >= 0 else UNKNOWN


def _over(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None


def _sums() -> Sums:
    return defaultdict(lambda: defaultdict(int))


def _round(sums: Sums, columns: tuple[str, ...]) -> None:
    """Turn sums of 1e-8 cents into cents."""
    for row in sums.values():
        for column in columns:
            row[column] = half_up(row[column], RATE_UNIT)


def _table(
    sums: dict[tuple, defaultdict[str, int]],
    by: tuple[str, ...],
    columns: tuple[str, ...] = (),
    cents: bool = True,
) -> pd.DataFrame:
    """Lay sums out as a table; columns whose name ends in `value`, or all asked for, are money."""
    names = columns or tuple(dict.fromkeys(name for row in sums.values() for name in row))
    records = []
    for key, row in sorted(sums.items()):
        shown = {
            name: money(row[name]) if cents and name.endswith(("value", "won")) else row[name]
            for name in names
        }
        records.append(dict(zip(by, key, strict=True)) | shown)
    return pd.DataFrame(records)


def money(cents: int) -> str:
    """Write cents, which may be negative, as an amount with two decimals."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
