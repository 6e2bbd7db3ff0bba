"""The answer key of quotas and forecasts, counted one by one in plain Python.

Belongs here: what holds of the targets and forecasts that were drawn, and how well they were met.
Does not: drawing them (targets.py). Nothing here may be taken from the warehouse's SQL.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd

from simulation.answer_key.answer_key import KnownDeals, Level
from simulation.answer_key.deal_timelines import UNKNOWN, DealTimeline, TimelineReader, half_up
from simulation.answer_key.history_key import money
from simulation.company.business_calendar import MONTH, QUARTER, Period, day_number
from simulation.company.currencies import RATE_UNIT
from simulation.company.timeline import SECONDS_PER_DAY, Timeline
from simulation.company.vocabulary import CURRENCIES, REPORTING_CURRENCY, WON
from simulation.deals.targets import Quota, Submission, Targets

HORIZONS = (0, 7, 14, 30, 60, 90)
FORECAST_KEY = (
    "period_grain", "period_start", "level", "member_id", "submission_level", "forecast_category",
    "horizon_days", "method",
)  # fmt: skip
OVERLAP, SAME_SECOND = "overlap", "same_second"
QUOTA_LEVELS = ("company", "branch", "territory", "team", "rep")

Amounts = dict[tuple[str, str, Period], int]


@dataclass(frozen=True)
class Forecast:
    """What one member was forecast to win in a period, as of a horizon, in cents."""

    level: str
    member: str
    category: str
    method: str
    period: Period
    horizon: int
    cents: int


class TargetsKey:
    """Measures targets and forecasts by what was won."""

    def __init__(
        self,
        targets: Targets,
        closed: KnownDeals,
        levels: list[Level],
        deals: list[DealTimeline],
        reader: TimelineReader,
        timeline: Timeline,
    ) -> None:
        """Take what is known after the last night.

        Args:
            targets: All quotas and submissions.
            closed: The deals that are closed and count.
            levels: Whose each of them is, as of its closing.
            deals: What every deal was from day to day.
            reader: Converts currencies and says whom a person belongs to.
            timeline: The days and nights.
        """
        self._quotas = [
            each
            for each in targets.quotas
            if each.first_night <= timeline.nights <= each.last_night
        ]
        self._submissions = [each for each in targets.submissions if each.night <= timeline.nights]
        self._deals = deals
        self._reader = reader
        self._calendar = timeline.calendar
        self._today = timeline.last_day
        self._first_day = timeline.start_day
        self._won: Amounts = defaultdict(int)
        self._wins: list[tuple[str, int, int]] = []
        for place in range(len(closed.index)):
            cents = int(closed.value[place])
            if closed.deals.stage[place] != WON or cents < 0:
                continue
            day = int(closed.deals.closing_known_day[place])
            for level in levels:
                code = level.codes[place]
                member = level.members[code] if code >= 0 else UNKNOWN
                if level.name == "rep":
                    self._wins.append((member, day, cents))
                for grain in (MONTH, QUARTER):
                    self._won[level.name, member, self._calendar.period_of(grain, day)] += cents

    def quotas(self) -> pd.DataFrame:
        """Give each quarter's target and what was won of it, by level and member."""
        offers: dict[tuple[str, str, date], dict[str, list[int]]] = defaultdict(dict)
        for (level, member, quarter), holds in self._own().items():
            offers[level, member, quarter]["own"] = [holds]
            if level == "rep":
                for above, of_rep in self._above(member, day_number(quarter)):
                    offers[above, of_rep, quarter].setdefault("reps", []).append(holds)
        rows = []
        for (level, member, quarter), by_source in sorted(offers.items()):
            source = "own" if "own" in by_source else "reps"
            target = sum(by_source[source])
            period = self._calendar.period_of(QUARTER, day_number(quarter))
            if period.start > self._today:
                continue
            won = self._won.get((level, member, period), 0)
            rows.append(
                {
                    "period_start": quarter.isoformat(),
                    "level": level,
                    "member_id": member,
                    "quota_value": money(target),
                    "won_value": money(won),
                    "gap_value": money(target - won),
                    "attainment": won / target,
                    "quota_source": source,
                }
            )
        return pd.DataFrame(rows)

    def rep_quotas(self) -> dict[tuple[str, date], int]:
        """Give the target of each rep and quarter in cents of the reporting currency."""
        return {
            (member, quarter): cents
            for (level, member, quarter), cents in self._own().items()
            if level == "rep"
        }

    def _own(self) -> dict[tuple[str, str, date], int]:
        """Give the target that holds for each member and quarter of those set for it."""
        own: dict[tuple[str, str, date], dict[str, Quota]] = defaultdict(dict)
        for quota in self._quotas:
            if quota.problem in ("", OVERLAP, "no_exchange_rate"):
                kinds = own[quota.level, quota.member, quota.quarter]
                held = kinds.get(quota.kind)
                if held is None or _precedence(held) < _precedence(quota):
                    kinds[quota.kind] = quota
        targets = {}
        for key, kinds in own.items():
            full, ramped = (self._cents(kinds.get(kind)) for kind in ("full", "ramped"))
            holds = ramped if ramped is not None else full
            if holds is not None:
                targets[key] = holds
        return targets

    def _cents(self, quota: Quota | None) -> int | None:
        if quota is None or quota.problem == "no_exchange_rate":
            return None
        currency = CURRENCIES.index(quota.currency or REPORTING_CURRENCY)
        return self._reader.converted(quota.cents, currency, day_number(quota.quarter))

    def _above(self, rep: str, day: int) -> Iterator[tuple[str, str]]:
        """Give whom a rep counts for on a day, but for the rep."""
        person = int(rep.removeprefix("US-")) - 1
        members = self._reader.members_on(day, person)
        yield from ((level, member) for level, member in members if level in QUOTA_LEVELS[:-1])

    def forecasts(self) -> pd.DataFrame:
        """Give how well each quarter and month that is over was forecast, by level and member."""
        cells: dict[tuple, list[tuple[int, int]]] = defaultdict(list)
        for forecast in [*self._submitted(), *self._weighted()]:
            period = forecast.period
            actual = self._won.get((forecast.level, forecast.member, period), 0)
            shown_for = {"company": "all"}
            if forecast.level == "team":
                shown_for["team"] = forecast.member
            if forecast.level == "rep":
                shown_for["rep"] = forecast.member
                above = {"team": UNKNOWN}
                if forecast.member != UNKNOWN:
                    above = dict(self._above(forecast.member, period.end))
                shown_for["team"] = above["team"]
            for level, member in shown_for.items():
                key = (*period.key, level, member, forecast.level, forecast.category)
                cells[*key, forecast.horizon, forecast.method].append((forecast.cents, actual))
        return pd.DataFrame(
            [
                dict(zip(FORECAST_KEY, key, strict=True)) | _precision(pairs)
                for key, pairs in sorted(cells.items())
            ]
        )

    def _submitted(self) -> Iterator[Forecast]:
        """Give the last submission at or before each horizon of a quarter that is over."""
        counted = [each for each in self._submissions if each.problem in ("", SAME_SECOND)]
        by_member: dict[tuple[str, str, str, date], list[Submission]] = defaultdict(list)
        for each in counted:
            by_member[each.level, each.member, each.category, each.quarter].append(each)
        for (level, member, category, quarter), submissions in by_member.items():
            period = self._calendar.period_of(QUARTER, day_number(quarter))
            if period.end > self._today:
                continue
            for horizon in HORIZONS:
                in_time = [
                    each
                    for each in submissions
                    if each.second // SECONDS_PER_DAY <= period.end - horizon
                ]
                if not in_time:
                    continue
                last = max(
                    in_time,
                    key=lambda each: (each.second, len(each.submission_id), each.submission_id),
                )
                currency = CURRENCIES.index(last.currency or REPORTING_CURRENCY)
                day = last.second // SECONDS_PER_DAY
                cents = self._reader.converted(last.cents, currency, day)
                yield Forecast(level, member, category, "submission", period, horizon, cents)

    def _weighted(self) -> Iterator[Forecast]:
        """Let the weighted pipeline stand in where nobody forecasts a period."""
        forecast = {
            self._calendar.period_of(QUARTER, day_number(each.quarter))
            for each in self._submissions
            if each.problem in ("", SAME_SECOND)
        }
        for grain in (MONTH, QUARTER):
            for period in self._calendar.periods_until(grain, self._first_day, self._today):
                if period.end > self._today or period in forecast:
                    continue
                # At the end nothing is left to foresee.
                before_the_end = HORIZONS[1:]
                pipeline = {
                    horizon: self._weighted_on(period, period.end - horizon)
                    for horizon in before_the_end
                }
                # Won deals alone are nobody's forecast.
                if not any(pipeline.values()):
                    continue
                for horizon in before_the_end:
                    won = self._won_by(period, period.end - horizon)
                    for rep in sorted(won.keys() | pipeline[horizon].keys()):
                        cents = won.get(rep, 0) + pipeline[horizon].get(rep, 0)
                        yield Forecast(
                            "rep", rep, "weighted", "weighted_pipeline", period, horizon, cents
                        )

    def _won_by(self, period: Period, day: int) -> dict[str, int]:
        """Add up what each rep had won in a period by a day."""
        cents: dict[str, int] = defaultdict(int)
        for rep, closed_on, won in self._wins:
            if period.start <= closed_on <= min(day, period.end):
                cents[rep] += won
        return cents

    def _weighted_on(self, period: Period, day: int) -> dict[str, int]:
        """Add up what was open with each rep on a day and expected in a period, weighted.

        At the rates of that day, rounded once.
        """
        cents: dict[str, int] = defaultdict(int)
        for deal in self._deals:
            for span in deal.spans:
                if (
                    span.kind == "open"
                    and span.start <= day < span.end
                    and span.expected in period
                    and span.weighted is not None
                ):
                    worth = self._reader.unrounded(span.weighted, span.currency, day)
                    cents[dict(span.members)["rep"]] += worth
        return {rep: half_up(worth, RATE_UNIT) for rep, worth in cents.items()}

    def problems(self) -> pd.DataFrame:
        """List the quotas and submissions that something is wrong with."""
        # One that cannot count contradicts nothing.
        versions = Counter(
            (each.level, each.member, each.quarter, each.kind, each.version)
            for each in self._quotas
            if each.problem in ("", OVERLAP)
        )
        rows = [
            (
                "fct_quota",
                each.quota_id,
                each.problem
                or (
                    OVERLAP
                    if versions[each.level, each.member, each.quarter, each.kind, each.version] > 1
                    else ""
                ),
            )
            for each in self._quotas
        ]
        seconds = Counter(
            _second_of(each) for each in self._submissions if each.problem in ("", SAME_SECOND)
        )
        rows += [
            (
                "fct_forecast_submission",
                each.submission_id,
                each.problem or (SAME_SECOND if seconds[_second_of(each)] > 1 else ""),
            )
            for each in self._submissions
        ]
        return pd.DataFrame([row for row in rows if row[2]], columns=["table", "key", "problem"])


def _precedence(quota: Quota) -> tuple[object, ...]:
    """Order quotas of one member, period and kind: the newest version, of it what can count."""
    can_count = quota.problem in ("", OVERLAP)
    return quota.version, can_count, len(quota.quota_id), quota.quota_id


def _second_of(submission: Submission) -> tuple[object, ...]:
    return (
        submission.submitter,
        submission.member,
        submission.quarter,
        submission.category,
        submission.second,
    )


def _precision(pairs: list[tuple[int, int]]) -> dict[str, object]:
    """Give the measures of error of forecasts against what was won, both in cents."""
    forecast, actual = (sum(side) for side in zip(*pairs, strict=True))
    absolute = sum(abs(one - other) for one, other in pairs)
    shares = [abs(one - other) / other for one, other in pairs if other]
    wape = absolute / actual if actual else None
    return {
        "submissions": len(pairs),
        "forecast_value": money(forecast),
        "actual_value": money(actual),
        "error_value": money(forecast - actual),
        "absolute_error_value": money(absolute),
        "bias": (forecast - actual) / actual if actual else None,
        "wape": wape,
        "mape": sum(shares) / len(shares) if shares else None,
        "precision": None if wape is None else max(0.0, 1 - wape),
    }
