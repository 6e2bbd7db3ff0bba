"""The answer key: what a warehouse must say of the extracts, from the simulator's own state.

Belongs here: the metrics by their definitions, in numpy on integers. Nothing here may be taken from
the warehouse's SQL: two independent computations are the point.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulation.company.business_calendar import MONTH, BusinessCalendar, date_of
from simulation.company.currencies import PROBABILITY_UNIT, RATE_UNIT, Rates, half_up
from simulation.company.missing_ids import (
    MISSING_ACCOUNT,
    MISSING_OPPORTUNITY,
    MISSING_PRODUCT,
    MISSING_TERRITORY,
    MISSING_USER,
)
from simulation.company.structure import Company, branch_id, team_id
from simulation.company.timeline import MICRO_DAYS, Days, Timeline, micro_days
from simulation.company.vocabulary import (
    CURRENCIES,
    FORECAST_CATEGORIES,
    LEAD_SOURCES,
    PRODUCTS,
    SEGMENTS,
    STAGES,
    WON,
)
from simulation.deals.deals import DANGLING, NONE, UNDATED, Codes, Deals
from simulation.deals.line_items import LineItems
from simulation.deals.targets import Targets
from simulation.extracts.writing import line_item_id, opportunity_id

AMOUNT_SOURCES = ("crm", "line_items", "list_price", "none")
CRM, LINE_ITEMS, LIST_PRICE, NOWHERE = range(4)

Cents = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Level:
    """Whose numbers they are: the members' ids, and per deal the member's code or NONE."""

    name: str
    members: list[str]
    codes: npt.NDArray[np.integer]


@dataclass(frozen=True)
class KnownDeals:
    """The deals that extracts up to a night have shown, and what follows from their rows.

    Attributes:
        deals: Their state.
        index: Their place among all deals.
        amount_source: Code in AMOUNT_SOURCES.
        amount: In cents of `currency`; NONE where no source gives one.
        currency: Index in CURRENCIES of the amount, which for a list price is the product's.
        value: In cents of the reporting currency: at the rate of the closing date, for open deals
            of the night's business day. NONE where there is no amount.
        created_day: Creation, else the day of the extract that added the deal; NONE for one that
            stood in the first extract already, which may have been there for years.
        cycle: Closing less creation in millionths of a day, in whole days where the time of day of
            either is not told; NONE where open, where the creation is not known, or closed before
            it.
    """

    deals: Deals
    index: npt.NDArray[np.int64]
    amount_source: npt.NDArray[np.int8]
    amount: Cents
    currency: npt.NDArray[np.int8]
    value: Cents
    created_day: Days
    cycle: npt.NDArray[np.int64]

    def wins(self) -> dict[int, tuple[int, int]]:
        """Give the closing day and the worth in cents of the won deals by their place among all."""
        won = np.flatnonzero(self.deals.stage == WON)
        days, worth = self.deals.closing_known_day[won], np.maximum(self.value[won], 0)
        return dict(
            zip(
                self.index[won].tolist(),
                zip(days.tolist(), worth.tolist(), strict=True),
                strict=True,
            )
        )


class AnswerKey:
    """Computes the key's tables as of a night; the deals must stand as that night shows them."""

    def __init__(self, company: Company, rates: Rates, timeline: Timeline) -> None:
        """Take what does not change with the nights."""
        self._company = company
        self._rates = rates
        self._timeline = timeline

    def known_deals(
        self, night: int, deals: Deals, lines: LineItems, only: Mask | None = None
    ) -> KnownDeals:
        """Give the deals that extracts up to a night have shown.

        Args:
            night: The night.
            deals: All deals as that night's extract shows them.
            lines: Their lines.
            only: Which deals to give; all where it is left out.
        """
        is_shown = deals.first_night <= night
        shown = np.flatnonzero(is_shown if only is None else is_shown & only)
        source, amount, currency = self._amounts(deals, lines, shown)
        known = deals.rows(shown)
        first_seen = self._timeline.business_day(1) + known.first_night.astype(np.int32) - 1
        added_day = np.where(known.first_night > 1, first_seen, NONE)
        created_day = np.where(known.created_kind == UNDATED, added_day, known.created_day)
        today = self._timeline.business_day(night)
        rate_day = np.where(known.is_closed, known.closing_known_day, today).astype(np.int32)
        value = np.where(
            amount >= 0, self._rates.convert(np.maximum(amount, 0), currency, rate_day), NONE
        )
        has_cycle = known.is_closed & (created_day != NONE)
        in_days = (known.closing_known_day - created_day).astype(np.int64) * MICRO_DAYS
        created_at, closed_at = known.created_known_second, known.closing_known_second
        are_told = (created_at != NONE) & (closed_at >= created_at) & (in_days >= 0)
        in_time = np.where(are_told, micro_days(closed_at - created_at), in_days)
        cycle = np.where(has_cycle, in_time, NONE)
        return KnownDeals(
            deals=known,
            index=shown,
            amount_source=source,
            amount=amount,
            currency=currency,
            value=value,
            created_day=created_day,
            cycle=np.maximum(cycle, NONE),
        )

    def _amounts(
        self, deals: Deals, lines: LineItems, shown: npt.NDArray
    ) -> tuple[npt.NDArray[np.int8], Cents, npt.NDArray[np.int8]]:
        """Apply the amount rule: the CRM's, else the lines', else the product's list price."""
        given = np.where(deals.amount_won >= 0, deals.amount_won, deals.amount)[shown]
        by_lines = lines.totals(len(deals))[shown]
        # Two more entries for codes that name no product; they are reached from the end.
        no_price = [NONE, NONE]
        prices = np.array(
            [
                NONE if each.list_price is None else each.list_price
                for each in self._company.products
            ]
            + no_price
        )
        price_currency = np.array(
            [CURRENCIES.index(each.currency_code or "USD") for each in PRODUCTS] + [0, 0]
        )
        product = deals.product[shown]
        listed = prices[product]
        source = np.select(
            [given >= 0, by_lines >= 0, listed >= 0], [CRM, LINE_ITEMS, LIST_PRICE], NOWHERE
        ).astype(np.int8)
        amount = np.choose(source, [given, by_lines, listed, np.full_like(given, NONE)])
        currency = np.where(
            source == LIST_PRICE, price_currency[product], deals.currency[shown]
        ).astype(np.int8)
        return source, amount, currency

    def levels(self, known: KnownDeals, as_of: Days) -> list[Level]:
        """Attribute deals as of one day each: the closing date, or the day of a pipeline."""
        company, deals = self._company, known.deals
        people = company.people
        night = self._timeline.night_index(as_of)
        has_owner = deals.owner >= 0
        owner = np.maximum(deals.owner, 0)

        def of_owner(state: Codes) -> Codes:
            return np.where(has_owner, state, NONE).astype(np.int32)

        owners_territory = of_owner(people.territory[night, owner])
        territory = np.where(deals.territory == NONE, owners_territory, deals.territory)
        segment = np.where(
            deals.account >= 0, company.accounts.segment[np.maximum(deals.account, 0)], NONE
        )
        persons = range(len(people.names))
        return [
            Level("company", ["all"], np.zeros(len(owner), dtype=np.int32)),
            Level(
                "branch",
                [branch_id(each) for each in range(len(company.places))],
                of_owner(company.branch_of(night, owner)),
            ),
            Level(
                "territory",
                [company.territories.id(each) for each in range(len(company.territories.names))],
                territory,
            ),
            Level(
                "team",
                [team_id(each) for each in range(len(company.team_names))],
                of_owner(people.team[night, owner]),
            ),
            Level("rep", [people.id(each) for each in persons], deals.owner),
            Level("segment", list(SEGMENTS), segment),
            Level("product", [each.product_id for each in PRODUCTS], deals.product),
            Level("lead_source", list(LEAD_SOURCES), deals.lead_source),
        ]

    def metrics_by_month(self, known: KnownDeals) -> pd.DataFrame:
        """Give conversion, cycle and outcome by month of closing, level and member.

        Args:
            known: The deals that are closed and count.
        """
        closed_day = known.deals.closing_known_day
        is_won = known.deals.stage == WON
        month, month_starts = _months(closed_day, self._timeline.calendar)
        cycle = known.cycle
        is_timed = cycle >= 0
        value = np.maximum(known.value, 0).astype(np.float64)
        days = np.maximum(cycle, 0).astype(np.float64)
        active_days = np.where(is_timed, days - known.deals.idle, 0)
        by_cycle = np.flatnonzero(is_timed)
        by_cycle = by_cycle[np.argsort(cycle[by_cycle], kind="stable")]
        frames = []
        for level in self.levels(known, closed_day):
            width = len(level.members) + 1
            cell = month * width + np.maximum(level.codes, NONE) + 1
            # Lost deals in the first half of the groups, won ones in the second.
            size = len(month_starts) * width
            sums = _Sums(cell + size * is_won, 2 * size)
            lost, won = np.split(sums.count(), 2)
            lost_value, won_value = np.split(sums.add(value), 2)
            timed_lost, timed_won = np.split(sums.count(is_timed), 2)
            lost_days, won_days = np.split(sums.add(days), 2)
            won_active_days = sums.add(active_days)[size:]
            median_lost, median_won = np.split(sums.medians(cycle, by_cycle), 2)
            frame = pd.DataFrame(
                {
                    "period_start": np.repeat(month_starts, width),
                    "level": level.name,
                    "member_id": np.tile(["unknown", *level.members], len(month_starts)),
                    "won_deals": won,
                    "lost_deals": lost,
                    "won_value": won_value,
                    "lost_value": lost_value,
                    "conversion_rate": _ratio(won, won + lost),
                    "value_conversion_rate": _ratio(won_value, won_value + lost_value),
                    "average_deal_outcome": _ratio(won_value, won + lost) / 100,
                    "average_won_value": _ratio(won_value, won) / 100,
                    "mean_cycle_days": _ratio(won_days, timed_won) / MICRO_DAYS,
                    "median_cycle_days": median_won / MICRO_DAYS,
                    "mean_active_days": _ratio(won_active_days, timed_won) / MICRO_DAYS,
                    "mean_lost_cycle_days": _ratio(lost_days, timed_lost) / MICRO_DAYS,
                    "median_lost_cycle_days": median_lost / MICRO_DAYS,
                }
            )
            frames.append(frame[won + lost > 0])
        metrics = pd.concat(frames, ignore_index=True)
        for column in ("won_value", "lost_value"):
            metrics[column] = money_texts(metrics[column].to_numpy())
        return metrics

    def pipeline(self, known: KnownDeals, night: int) -> pd.DataFrame:
        """Give the open deals at the end of a night's business day by level and member.

        Amounts are added up by currency, converted at the day's rates and rounded once.

        Args:
            known: The deals that are open and count.
            night: The night.
        """
        deals, amount = known.deals, np.maximum(known.amount, 0)
        day = self._timeline.business_day(night)
        chance = np.where(
            deals.probability >= 0,
            deals.probability,
            np.array([each.probability for each in STAGES])[deals.stage],
        )
        weighted = half_up(amount * chance, PROBABILITY_UNIT)
        overdue = (deals.expected_day > 0) & (deals.expected_day < day)
        levels = [
            *self.levels(known, np.full(len(amount), day, dtype=np.int32)),
            Level("stage", [each.stage_id for each in STAGES], deals.stage.astype(np.int32)),
            Level("forecast_category", list(FORECAST_CATEGORIES), deals.forecast.astype(np.int32)),
        ]
        frames = []
        for level in levels:
            sums = _Sums(np.maximum(level.codes, NONE) + 1, len(level.members) + 1)

            def worth(amounts: Cents, sums: _Sums = sums) -> Cents:
                """Add up amounts by currency and convert the sums, in whole numbers of any size."""
                total = np.zeros(len(sums.count()), dtype=object)
                for code in range(len(CURRENCIES)):
                    of_currency = sums.add(np.where(known.currency == code, amounts, 0))
                    total += of_currency.astype(object) * self._rates.rate(code, day)
                return half_up(total, RATE_UNIT).astype(np.int64)

            table = pd.DataFrame(
                {
                    "level": level.name,
                    "member_id": ["unknown", *level.members],
                    "open_deals": sums.count(),
                    "open_value": worth(amount),
                    "weighted_value": worth(weighted),
                    "overdue_deals": sums.count(overdue),
                    "overdue_value": worth(np.where(overdue, amount, 0)),
                    "no_amount_deals": sums.count(known.amount < 0),
                    "undated_deals": sums.count(known.created_day == NONE),
                }
            )
            frames.append(table[table["open_deals"] > 0])
        pipeline = pd.concat(frames, ignore_index=True)
        pipeline.insert(0, "as_of_date", date_of(day).isoformat())
        for column in ("open_value", "weighted_value", "overdue_value"):
            pipeline[column] = money_texts(pipeline[column].to_numpy())
        return pipeline

    def references_to_nothing(
        self, deals: Deals, lines: LineItems, changes: list[str], targets: Targets
    ) -> pd.DataFrame:
        """List the rows of the last state that refer to something no extract has.

        Args:
            deals: All deals.
            lines: Their lines.
            changes: Ids of the changes of deals that no extract has.
            targets: All quotas and forecasts.
        """
        is_shown = deals.first_night <= self._timeline.nights
        found: list[tuple[str, str, str, str]] = []
        for column, codes, missing in (
            ("account_id", deals.account, MISSING_ACCOUNT),
            ("owner_id", deals.owner, MISSING_USER),
            ("product_id", deals.product, MISSING_PRODUCT),
            ("territory_id", deals.territory, MISSING_TERRITORY),
        ):
            found += [
                ("opportunities", opportunity_id(each), column, missing)
                for each in np.flatnonzero(is_shown & (codes == DANGLING)).tolist()
            ]
        nowhere = np.flatnonzero(lines.deal == DANGLING)
        no_product = np.flatnonzero(lines.product == DANGLING)
        found += [
            ("opportunity_line_items", line_item_id(each), "opportunity_id", MISSING_OPPORTUNITY)
            for each in nowhere.tolist()
        ] + [
            ("opportunity_line_items", line_item_id(each), "product_id", MISSING_PRODUCT)
            for each in no_product[is_shown[lines.deal[no_product]]].tolist()
        ]
        history = "opportunity_field_history"
        found += [(history, each, "opportunity_id", MISSING_OPPORTUNITY) for each in changes]
        found += [
            ("quotas", each.quota_id, "user_id", MISSING_USER)
            for each in targets.quotas
            if each.member == MISSING_USER
        ] + [
            ("forecast_submissions", each.submission_id, "submitter_id", MISSING_USER)
            for each in targets.submissions
            if each.submitter == MISSING_USER
        ]
        return pd.DataFrame(found, columns=["table", "key", "column", "value"])

    def closes_before_creation(self, known: KnownDeals) -> pd.DataFrame:
        """List the deals that say they were closed before they were created."""
        deals = known.deals
        wrong = (
            deals.is_closed
            & (deals.created_kind != UNDATED)
            & (deals.closing_known_day < known.created_day)
        )
        return pd.DataFrame(
            {
                "opportunity_id": [opportunity_id(each) for each in known.index[wrong].tolist()],
                "created_date": _dates(known.created_day[wrong]),
                "closed_date": _dates(deals.closing_known_day[wrong]),
            }
        )

    def excluded_deals(self, deals: Deals) -> pd.DataFrame:
        """List the deals that count nowhere, with the reason."""
        excluded = np.flatnonzero(deals.is_excluded & (deals.first_night <= self._timeline.nights))
        reason = np.select(
            [deals.is_deleted[excluded] == 1, deals.merged_into[excluded] >= 0],
            ["deleted", "merged"],
            "duplicate",
        )
        return pd.DataFrame(
            {
                "opportunity_id": [opportunity_id(each) for each in excluded.tolist()],
                "reason": reason,
            }
        )

    def deals(self, known: KnownDeals) -> pd.DataFrame:
        """List every deal with what the metrics are made of, for finding a disagreement."""
        state = known.deals
        closed = state.is_closed
        listed = pd.DataFrame(
            {
                "opportunity_id": [opportunity_id(each) for each in known.index.tolist()],
                "stage_id": np.array([each.stage_id for each in STAGES])[state.stage],
                "is_excluded": state.is_excluded,
                "created_date": _dates(known.created_day),
                "closed_date": _dates(np.where(closed, state.closing_known_day, NONE)),
                "cycle_days": _day_texts(known.cycle),
                "amount_source": np.array(AMOUNT_SOURCES)[known.amount_source],
                "currency_code": np.array(CURRENCIES)[known.currency],
                "amount": money_texts(known.amount),
                "opportunity_value": money_texts(known.value),
            }
        )
        as_of = np.where(closed, state.closing_known_day, self._timeline.last_day)
        for level in self.levels(known, as_of)[1:]:
            members = np.array([*level.members, "unknown"], dtype=object)
            listed[f"{level.name}_id"] = members[np.maximum(level.codes, NONE)]
        return listed


class _Sums:
    """Adds up per group, numbered from 0."""

    def __init__(self, group: npt.NDArray, groups: int) -> None:
        self._group = group.astype(np.intp)
        self._groups = groups

    def count(self, mask: Mask | None = None) -> Cents:
        """Count the values, or those that a mask says."""
        group = self._group if mask is None else self._group[mask]
        return np.bincount(group, minlength=self._groups)

    def add(self, values: npt.NDArray) -> Cents:
        """Add up whole numbers, as floats or not; sums below 2**53 are exact in floats."""
        return np.bincount(self._group, values, self._groups).astype(np.int64)

    def medians(self, values: npt.NDArray, order: npt.NDArray) -> npt.NDArray[np.float64]:
        """Give the medians of the values that `order` lists, smallest first."""
        group = self._group[order]
        if self._groups <= np.iinfo(np.uint16).max:
            # Small integers are sorted by radix, several times faster than others.
            group = group.astype(np.uint16)
        ranked = order[np.argsort(group, kind="stable")]
        counts = np.bincount(self._group[ranked], minlength=self._groups)
        start = np.cumsum(counts) - counts
        filled = counts > 0
        low = values[ranked[start[filled] + (counts[filled] - 1) // 2]]
        high = values[ranked[start[filled] + counts[filled] // 2]]
        medians = np.full(self._groups, np.nan)
        medians[filled] = (low.astype(np.float64) + high) / 2
        return medians


def money_texts(cents: Cents) -> list[str]:
    """Write cents as amounts with two decimals; an empty text for NONE."""
    return [
        "" if each < 0 else f"{each // 100}.{each % 100:02d}" for each in np.asarray(cents).tolist()
    ]


def _day_texts(millionths: npt.NDArray[np.int64]) -> list[str]:
    """Write millionths of a day as days with six decimals; an empty text for NONE."""
    return [
        "" if each < 0 else f"{each // MICRO_DAYS}.{each % MICRO_DAYS:06d}"
        for each in millionths.tolist()
    ]


def _months(days: Days, calendar: BusinessCalendar) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Give each day's month as a number from 0, and the first day of each month as text."""
    months = list(calendar.periods_until(MONTH, int(days.min()), int(days.max())))
    ends = np.array([each.end for each in months])
    return np.searchsorted(ends, days), [date_of(each.start).isoformat() for each in months]


def _dates(days: Days) -> list[str]:
    return ["" if day < 0 else date_of(day).isoformat() for day in days.tolist()]


def _ratio(numerator: Cents, denominator: Cents) -> npt.NDArray[np.float64]:
    """Divide; a ratio whose denominator is 0 is not a number, which is written as empty."""
    nothing = np.full(len(numerator), np.nan)
    return np.divide(numerator, denominator, out=nothing, where=denominator > 0)
