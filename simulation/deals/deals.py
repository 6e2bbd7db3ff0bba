"""Deals: how they come about and run their course, up to the state of the first night.

Belongs here: the history of deals, drawn as whole arrays. Does not: what happens to deals between
nights (nights.py) and broken rows (defects.py).
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from simulation.company.business_calendar import QUARTER, WORKDAYS
from simulation.company.streams import stream
from simulation.company.structure import Accounts, Company
from simulation.company.timeline import SECONDS_PER_DAY, Days, Timeline
from simulation.company.vocabulary import (
    COMPETITORS,
    FORECAST_CATEGORIES,
    LEAD_SOURCES,
    LOSS_REASONS,
    LOST,
    OPEN_STAGES,
    PRODUCTS,
    STAGES,
    WON,
)

NONE = -1
DANGLING = -2
"""A reference to something that no extract has."""

AT_TIME, ON_DAY, BOTH, UNDATED = 0, 1, 2, 3
"""How a row says when a deal was created or closed."""

Codes = npt.NDArray[np.int32]
Small = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

# Days in each open stage: medians, and how much longer larger customers take.
STAGE_DAYS = (9.0, 15.0, 19.0, 11.0)
SEGMENT_PACE = np.array([1.7, 1.15, 0.8], dtype=np.float32)
SEGMENT_SIZE = np.array([4.0, 1.6, 0.6], dtype=np.float32)
CURRENCY_SIZE = np.array([1.0, 0.92, 0.80, 1.36], dtype=np.float32)
MOST_CENTS = 4_000_000_000


@dataclass
class Deals:
    """The current state of every deal, one array per attribute, in order of creation.

    Codes point into the vocabulary or the company; NONE is an empty value and DANGLING a reference
    to nothing. `closed_day` can be set on an open deal: the CRM then shows a date that must be
    ignored.

    Attributes:
        closing_known_day: Closing day that a reader of the extracts arrives at; NONE while open.
        closing_known_second: Moment of the closing that a reader arrives at, in seconds since 1970;
            NONE while open, and where only its day is told.
        idle: Millionths of a day that a reopened deal lay closed.
        amount_won: What a won deal was worth when it was decided, where its amount was emptied
            afterwards; NONE for all others.
        first_night: Night whose extract first shows the deal well; NEVER for those without one.
    """

    created_day: Days
    created_second: Codes
    created_kind: Small
    account: Codes
    owner: Codes
    product: Small
    territory: Codes
    stage: Small
    forecast: Small
    lead_source: Small
    deal_type: Small
    loss_reason: Small
    competitor: Small
    merged_into: Codes
    currency: Small
    has_currency: Mask
    amount: npt.NDArray[np.int64]
    probability: npt.NDArray[np.int16]
    is_duplicate: Small
    is_deleted: Small
    expected_day: Days
    closed_day: Days
    closed_second: Codes
    closed_kind: Small
    modified: npt.NDArray[np.int64]
    first_night: Small
    closing_known_day: Days
    closing_known_second: npt.NDArray[np.int64]
    idle: npt.NDArray[np.int64]
    amount_won: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.created_day)

    def rows(self, rows: npt.NDArray[np.integer] | Mask | slice) -> "Deals":
        """Give some of the deals."""
        if isinstance(rows, np.ndarray):
            # Once, or numpy does it again for each attribute.
            rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)
        return Deals(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def is_closed(self) -> Mask:
        """Whether each deal is in a closed stage."""
        return self.stage >= OPEN_STAGES

    @property
    def has_closing_second(self) -> Mask:
        """Whether the row of each deal gives a time of day with its closing day."""
        return (self.closed_kind == AT_TIME) | (self.closed_kind == BOTH)

    @property
    def created_known_second(self) -> npt.NDArray[np.int64]:
        """Moment of creation, in seconds since 1970; NONE where only its day is told, if that."""
        second = self.created_day.astype(np.int64) * SECONDS_PER_DAY + self.created_second
        return np.where(self.created_kind == AT_TIME, second, NONE)

    @property
    def is_excluded(self) -> Mask:
        """Whether each deal counts nowhere: a duplicate, merged into another, or deleted."""
        return (self.is_duplicate == 1) | (self.is_deleted == 1) | (self.merged_into >= 0)


@dataclass
class Course:
    """What is still to come for deals that are not decided at the first night, or not created.

    Attributes:
        deal: Index of the deal.
        stage_days: Three columns: the days on which the second to fourth stage are entered.
        close_day: Day of the decision.
        is_won: The decision.
    """

    deal: Codes
    stage_days: npt.NDArray[np.int32]
    close_day: Days
    is_won: Mask


@dataclass(frozen=True)
class Past:
    """How deals came to the state of the first night.

    Attributes:
        stage_days: The days on which each deal enters the second to fourth stage, if it gets there.
        last_open_stage: The open stage in which it is decided.
        first_owner: Who had it before leavers' deals were handed over.
    """

    stage_days: list[Days]
    last_open_stage: Small
    first_owner: Codes


def generate_deals(
    company: Company, timeline: Timeline, seed: int, number: int
) -> tuple[Deals, Course, Past]:
    """Draw deals and their history.

    Args:
        company: Who sells to whom.
        timeline: The days to spread the creations over.
        seed: Seed of all streams.
        number: How many deals.

    Returns:
        The state at the end of the first night's business day, in which deals that are created
        later stand as they begin; the further course of all that are not decided by then; and the
        past of all.
    """
    rng = stream(seed, "deals")
    today = timeline.business_day(1)
    created_day = _creation_days(timeline, number, rng)
    created_second = rng.integers(7 * 3600, 19 * 3600, number, dtype=np.int32)
    account = _customers(company.accounts, number, rng)
    account_known = np.maximum(account, 0)
    segment = company.accounts.segment[account_known]
    owner = _owners(company, created_day, account_known, rng)
    product = rng.choice(len(PRODUCTS), number, p=_product_shares()).astype(np.int8)

    is_won = rng.random(number, dtype=np.float32) < _winning_chance(company, owner, segment)
    exit_stage = np.where(
        is_won, OPEN_STAGES - 1, _few(rng, number, (0.35, 0.30, 0.20, 0.15))
    ).astype(np.int8)
    stage_days, end_day = _stage_days(created_day, segment, exit_stage, rng)
    close_day = _pulled_to_quarter_end(end_day, created_day, is_won, timeline, rng)
    is_closed = close_day <= today
    exists = created_day <= today
    stage = np.where(
        is_closed,
        np.where(is_won, WON, LOST),
        sum((day <= today).astype(np.int8) for day in stage_days),
    ).astype(np.int8)
    stage[~exists] = 0
    first_owner = owner.copy()
    _hand_over_leavers(company, owner, np.where(is_closed, close_day, today), is_closed, rng)

    currency = _currencies(company, account, rng)
    deals = Deals(
        created_day=created_day,
        created_second=created_second,
        created_kind=_few(rng, number, (0.93, 0.07)),
        account=account,
        owner=owner,
        product=product,
        territory=np.where(
            rng.random(number, dtype=np.float32) < 0.3,
            NONE,
            company.accounts.territory[account_known],
        ).astype(np.int32),
        stage=stage,
        forecast=forecast_of_stage(stage),
        lead_source=_few(rng, number, (0.28, 0.2, 0.22, 0.1, 0.12, 0.05, 0.03)),
        deal_type=_few(rng, number, (0.55, 0.27, 0.18)),
        loss_reason=np.where(
            stage == LOST, rng.integers(0, len(LOSS_REASONS), number, dtype=np.int8), NONE
        ).astype(np.int8),
        # Two in five deals name none, drawn as one more than there are.
        competitor=_few(rng, number, (0.25, 0.2, 0.15, 0.4)),
        merged_into=np.full(number, NONE, dtype=np.int32),
        currency=currency,
        has_currency=(currency > 0) | (rng.random(number, dtype=np.float32) > 0.05),
        amount=_amounts(company, product, segment, currency, rng),
        probability=_probabilities(stage, rng),
        is_duplicate=np.where(rng.random(number, dtype=np.float32) < 0.2, NONE, 0).astype(np.int8),
        is_deleted=np.where(rng.random(number, dtype=np.float32) < 0.2, NONE, 0).astype(np.int8),
        expected_day=_expected_days(close_day, created_day, is_closed, today, rng),
        closed_day=np.where(is_closed, close_day, NONE).astype(np.int32),
        closed_second=np.maximum(
            rng.integers(8 * 3600, 18 * 3600, number, dtype=np.int32), created_second + 60
        ),
        closed_kind=_few(rng, number, (0.88, 0.09, 0.03)),
        modified=np.zeros(number, dtype=np.int64),
        first_night=(np.maximum(created_day - today, 0) + 1).astype(np.int8),
        closing_known_day=np.where(is_closed, close_day, NONE).astype(np.int32),
        closing_known_second=np.full(number, NONE, dtype=np.int64),
        idle=np.zeros(number, dtype=np.int64),
        amount_won=np.full(number, NONE, dtype=np.int64),
    )
    # The source of a few deals is not known; it was drawn as one more than there are.
    deals.lead_source[deals.lead_source == len(LEAD_SOURCES)] = NONE
    deals.competitor[deals.competitor == len(COMPETITORS)] = NONE
    deals.forecast[rng.random(number, dtype=np.float32) < 0.03] = FORECAST_CATEGORIES.index(
        "omitted"
    )
    deals.amount[(stage == LOST) & (rng.random(number, dtype=np.float32) < 0.05)] = 0
    deals.modified = _last_changes(deals, today, rng)
    to_come = np.flatnonzero(~is_closed).astype(np.int32)
    course = Course(
        to_come,
        np.stack([day[to_come] for day in stage_days], axis=1),
        close_day[to_come],
        is_won[to_come],
    )
    _exclude_some(deals, rng)
    return deals, course, Past(stage_days, exit_stage, first_owner)


def forecast_of_stage(stage: Small) -> Small:
    """Give the forecast category that a stage puts deals in."""
    codes = [FORECAST_CATEGORIES.index(each.forecast_category) for each in STAGES]
    return np.array(codes, dtype=np.int8)[stage]


def _few(rng: np.random.Generator, number: int, shares: tuple[float, ...]) -> Small:
    """Draw small codes 0, 1, ... with given shares, faster than `choice` does."""
    bounds = np.cumsum(shares, dtype=np.float32)[:-1]
    drawn = rng.random(number, dtype=np.float32)
    codes = np.zeros(number, dtype=np.int8)
    for bound in bounds:
        codes += drawn >= bound
    return codes


def _creation_days(timeline: Timeline, number: int, rng: np.random.Generator) -> Days:
    """Spread creations: growth over the years, few on weekends, a summer dip, more in autumn."""
    days = np.arange(timeline.start_day, timeline.last_day + 1)
    season = 1 + 0.12 * np.cos(2 * np.pi * ((days % 365.25) - 300) / 365.25)
    weekday = np.array([1, 1.1, 1.1, 1.05, 0.9, 0.1, 0.05])[timeline.calendar.weekday(days)]
    weight = np.exp(0.25 * (days - timeline.start_day) / 365.25) * season * weekday
    counts = np.zeros(len(days), dtype=np.int64)
    # Even a tiny company has some new deals to show on each night after the first.
    counts[len(days) - timeline.nights + 1 :] = 3
    counts += rng.multinomial(number - counts.sum(), weight / weight.sum())
    return np.repeat(days, counts).astype(np.int32)


def _customers(accounts: Accounts, number: int, rng: np.random.Generator) -> Codes:
    counts = rng.multinomial(number, accounts.weight / accounts.weight.sum())
    account = np.repeat(np.arange(len(accounts), dtype=np.int32), counts)
    rng.shuffle(account)
    account[rng.random(number, dtype=np.float32) < 0.02] = NONE
    return account


def _owners(company: Company, created_day: Days, account: Codes, rng: np.random.Generator) -> Codes:
    """Give half of the deals to the account's owner, the rest to whoever has room that month."""
    people = company.people
    owner = np.empty(len(created_day), dtype=np.int32)
    drawn = rng.random(len(created_day))
    month_start = np.arange(created_day[0], created_day[-1] + 30, 30)
    bounds = np.searchsorted(created_day, month_start)
    for day, start, end in zip(month_start[:-1], bounds[:-1], bounds[1:], strict=True):
        share = np.cumsum(people.selling_weight(int(day)))
        owner[start:end] = people.reps[
            np.searchsorted(share, drawn[start:end] * share[-1], side="right")
        ]
    usual = company.accounts.owner[account]
    takes = (people.hire_day[usual] <= created_day) & (people.leave_day[usual] >= created_day)
    takes &= rng.random(len(created_day), dtype=np.float32) < 0.5
    owner[takes] = usual[takes]
    owner[rng.random(len(created_day), dtype=np.float32) < 0.003] = NONE
    return owner


def _product_shares() -> npt.NDArray[np.float64]:
    weight = np.array([0.2 if not product.is_active else 1.0 for product in PRODUCTS])
    return weight / weight.sum()


def _winning_chance(company: Company, owner: Codes, segment: Codes) -> npt.NDArray[np.float32]:
    skill = np.append(company.people.skill, np.float32(0))[owner]
    log_odds = skill + np.array([-0.7, -0.45, -0.25], dtype=np.float32)[segment]
    return (1 / (1 + np.exp(-log_odds))).astype(np.float32)


def _stage_days(
    created_day: Days, segment: Codes, exit_stage: Small, rng: np.random.Generator
) -> tuple[list[Days], Days]:
    """Draw the days on which later stages are entered, and the day after the last one."""
    number = len(created_day)
    pace = SEGMENT_PACE[segment]
    elapsed = np.zeros(number, dtype=np.float32)
    entered: list[Days] = []
    end = np.zeros(number, dtype=np.float32)
    for stage, median in enumerate(STAGE_DAYS):
        drawn = rng.standard_normal(number, dtype=np.float32)
        elapsed += np.float32(median) * pace * np.exp(np.float32(0.65) * drawn)
        end = np.where(exit_stage == stage, elapsed, end)
        if stage < OPEN_STAGES - 1:
            entered.append(created_day + elapsed.astype(np.int32))
    return entered, created_day + end.astype(np.int32)


def _pulled_to_quarter_end(
    close_day: Days, created_day: Days, is_won: Mask, timeline: Timeline, rng: np.random.Generator
) -> Days:
    """Pull closings of a quarter's last weeks to its last days, and weekends to the day before."""
    first = timeline.start_day
    close_day = np.minimum(close_day, timeline.last_day + 800)
    quarters = timeline.calendar.periods_until(QUARTER, first, timeline.last_day + 800)
    quarter_ends = np.array([each.end for each in quarters], dtype=np.int32)
    end = quarter_ends[np.searchsorted(quarter_ends, close_day)]
    pull = (end - close_day < 40) & (
        rng.random(len(close_day), dtype=np.float32) < np.where(is_won, 0.55, 0.3)
    )
    last_days = end - rng.exponential(3.0, len(close_day)).astype(np.int32)
    pulled = np.where(pull, np.maximum(last_days, close_day), close_day)
    days_off = np.maximum(timeline.calendar.weekday(pulled) - (WORKDAYS - 1), 0)
    return np.maximum(pulled - days_off, created_day).astype(np.int32)


def _hand_over_leavers(
    company: Company, owner: Codes, last_day: Days, is_closed: Mask, rng: np.random.Generator
) -> None:
    """Give deals that outlive their owner's time to the successor; some open ones lie orphaned."""
    left = (company.people.leave_day[owner] < last_day) & (owner >= 0)
    left &= is_closed | (rng.random(len(owner), dtype=np.float32) < 0.85)
    owner[left] = company.people.successor[owner[left]]


def _currencies(company: Company, account: Codes, rng: np.random.Generator) -> Small:
    local = company.account_currency()[np.maximum(account, 0)]
    in_dollars = (account < 0) | (rng.random(len(account), dtype=np.float32) < 0.1)
    return np.where(in_dollars, 0, local).astype(np.int8)


def _amounts(
    company: Company, product: Small, segment: Codes, currency: Small, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Draw log-normal amounts in cents of the deal's currency; about a third are round."""
    typical = np.array([each.typical_price for each in PRODUCTS], dtype=np.float32)[product]
    spread = np.exp(np.float32(0.8) * rng.standard_normal(len(product), dtype=np.float32))
    units = typical * spread * SEGMENT_SIZE[segment] * CURRENCY_SIZE[currency]
    cents = np.round(units.astype(np.float64) * 100).astype(np.int64)
    is_round = rng.random(len(product), dtype=np.float32) < 0.35
    cents = np.where(is_round, (cents // 50_000 + 1) * 50_000, cents)
    return np.clip(cents, 100, MOST_CENTS) * company.worths()[currency]


def _probabilities(stage: Small, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Give some open deals a probability of their own, in hundredths."""
    usual = np.array([each.probability for each in STAGES], dtype=np.int16)[stage]
    own = np.clip(usual + rng.integers(-9, 10, len(stage), dtype=np.int16), 1, 99)
    given = (stage < OPEN_STAGES) & (rng.random(len(stage), dtype=np.float32) < 0.3)
    return np.where(given, own, NONE).astype(np.int16)


def _expected_days(
    close_day: Days, created_day: Days, is_closed: Mask, today: int, rng: np.random.Generator
) -> Days:
    """Draw the expected close: near the real one, pushed out where it passed, some overdue."""
    noise = 14 * rng.standard_normal(len(close_day), dtype=np.float32)
    expected = np.maximum(close_day + noise.astype(np.int32), created_day + 1)
    passed = ~is_closed & (expected <= today)
    pushed = passed & (rng.random(len(close_day), dtype=np.float32) < 0.7)
    expected[pushed] = today + rng.integers(4, 60, pushed.sum(), dtype=np.int32)
    expected[rng.random(len(close_day), dtype=np.float32) < 0.01] = NONE
    return expected.astype(np.int32)


def _last_changes(deals: Deals, today: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw when each row was changed last, as seconds since 1970 and before the first extract."""
    created = deals.created_day.astype(np.int64) * SECONDS_PER_DAY + deals.created_second
    closed = deals.closed_day.astype(np.int64) * SECONDS_PER_DAY + deals.closed_second
    end = (today + 1) * SECONDS_PER_DAY - 1
    since = created + (rng.random(len(deals)) * np.maximum(end - created, 0)).astype(np.int64)
    changed = np.where(deals.is_closed, np.minimum(closed + 30, end), since)
    return np.maximum(changed, created)


def _exclude_some(deals: Deals, rng: np.random.Generator) -> None:
    """Mark about one deal in a hundred as duplicate, merged or deleted."""
    known = np.flatnonzero(deals.first_night == 1)
    number = max(9, len(known) * 9 // 1_000)
    chosen = rng.choice(known, number, replace=False)
    duplicate, merged, deleted = np.array_split(chosen, 3)
    deals.is_duplicate[duplicate] = 1
    deals.is_deleted[deleted] = 1
    survivors = np.setdiff1d(rng.choice(known, min(len(known), 4 * number)), chosen)
    deals.merged_into[merged] = rng.choice(survivors, len(merged))
