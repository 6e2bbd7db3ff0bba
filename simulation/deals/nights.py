"""What happens to deals between one night's extract and the next.

Belongs here: the events of a business day and which rows an extract shows after it. Does not: how
rows are written (writing.py) or broken (defects.py).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simulation.company.streams import stream
from simulation.company.structure import Company
from simulation.company.timeline import MICRO_DAYS, SECONDS_PER_DAY, Timeline, micro_days
from simulation.company.vocabulary import LOSS_REASONS, LOST, NEGOTIATION, OPEN_STAGES, WON
from simulation.deals.deal_history import (
    AMOUNT,
    EXCLUSION,
    EXPECTED,
    FORECAST,
    OWNER,
    PROBABILITY,
    STAGE,
    ChangeLog,
    Changes,
)
from simulation.deals.deals import (
    AT_TIME,
    NONE,
    ON_DAY,
    UNDATED,
    Codes,
    Course,
    Deals,
    forecast_of_stage,
)
from simulation.deals.line_items import LineItems
from simulation.deals.oddities import Oddities

# Per event: at least so many a night, and at least this share of all deals.
CLOSINGS = (6, 0.0)
PUSHES = (5, 0.0020)
OWNER_CHANGES = (3, 0.0008)
NEW_AMOUNTS = (3, 0.0008)
LINE_CHANGES = (4, 0.0006)
REOPENINGS = (3, 0.0003)
REOPENABLE_DAYS = 150


@dataclass(frozen=True)
class Night:
    """What a night's extract shows of deals and line items, rows in order of their ids.

    Attributes:
        number: The night, counted from 1.
        opportunities: Deals whose row stands well in the extract.
        repeated: Those of them whose row is as an earlier extract showed it.
        line_items: Lines in the extract.
        repeated_line_items: Those of them that are as an earlier extract showed them.
        changes: Numbers of the changes in the field history's file.
        repeated_changes: Those of them that an earlier file told already.
    """

    number: int
    opportunities: Codes
    repeated: Codes
    line_items: npt.NDArray[np.int64]
    repeated_line_items: npt.NDArray[np.int64]
    changes: npt.NDArray[np.int64]
    repeated_changes: npt.NDArray[np.int64]


class SalesFloor:
    """Plays one night after the other; deals and lines always hold the state after the last."""

    def __init__(
        self,
        company: Company,
        deals: Deals,
        course: Course,
        lines: LineItems,
        oddities: Oddities,
        log: ChangeLog,
        tracked: npt.NDArray[np.bool_],
        added_lines: dict[int, npt.NDArray[np.int64]],
        timeline: Timeline,
        seed: int,
        per_kind: int,
    ) -> None:
        """Take over a company as it is on the first night, before its extract."""
        self.company = company
        self.deals = deals
        self.lines = lines
        self._course = course
        self._oddities = oddities
        self._log = log
        self._tracked = tracked
        self._added_lines = added_lines
        self._timeline = timeline
        self._per_kind = per_kind
        self._rng = stream(seed, "nights")
        self._changed = np.zeros(len(deals), dtype=bool)

    def play(self, night: int) -> Night:
        """Let a night's business day happen and give what the extract shows.

        Args:
            night: 1 for the first, which shows everything; then each in turn.
        """
        deals = self.deals
        day = self._timeline.business_day(night)
        self._changed[:] = False
        changed_lines = np.empty(0, dtype=np.int64)
        if night > 1:
            self._welcome_accounts(night)
            self._follow_course(night, day)
            self._push(night, day)
            self._change_owners(night, day)
            self._change_amounts(night, day)
            changed_lines = self._change_lines(night, day)
            self._exclude(night, day)
            self._reopen(night, day)
        new = deals.first_night == night
        seen_before = deals.first_night < night
        changed = self._changed & seen_before
        changes = self._log.all()
        numbers = np.flatnonzero(changes.night == night)
        told = changes.rows(numbers)
        repeated = self._repeated_deals(night, seen_before & ~changed)
        shown = changed | new
        shown[repeated] = True
        repeated_changes = self._repeated_changes(night, changes)
        repeated_lines = self._repeated_lines(night, seen_before, changed_lines)
        new_lines = self.lines.of_deals(np.flatnonzero(new))
        return Night(
            number=night,
            opportunities=np.flatnonzero(shown).astype(np.int32),
            repeated=repeated,
            line_items=np.sort(
                np.concatenate([new_lines, changed_lines, repeated_lines, self._added_lines[night]])
            ),
            repeated_line_items=repeated_lines,
            changes=np.concatenate([numbers[told.is_written], repeated_changes]),
            repeated_changes=repeated_changes,
        )

    def _count(self, floor_and_share: tuple[int, float]) -> int:
        floor, share = floor_and_share
        return max(floor, round(share * len(self.deals)))

    def _moment(self, number: int, day: int) -> npt.NDArray[np.int64]:
        """Draw times of a business day, as seconds since 1970, strictly within the day."""
        return day * SECONDS_PER_DAY + self._rng.integers(8 * 3600, 20 * 3600, number)

    def _touch(self, chosen: Codes, day: int) -> None:
        """Note that deals change today, at a moment after their creation."""
        deals = self.deals
        created = deals.created_day[chosen].astype(np.int64) * SECONDS_PER_DAY
        created += deals.created_second[chosen] + 30
        deals.modified[chosen] = np.maximum(self._moment(len(chosen), day), created)
        self._changed[chosen] = True

    def _note(
        self,
        night: int,
        chosen: Codes,
        field: int,
        old: npt.NDArray | int,
        new: npt.NDArray | int,
    ) -> None:
        """Write a change down in the CRM's history, for the deals that have one."""
        differs = np.broadcast_to(np.asarray(old) != np.asarray(new), len(chosen))
        old, new = (np.broadcast_to(each, len(chosen))[differs] for each in (old, new))
        chosen = chosen[differs]
        is_written = self._tracked[chosen] & (field != EXCLUSION)
        self._log.add(chosen, field, old, new, self.deals.modified[chosen], night, is_written)

    def _pick_open(self, night: int, number: int, only: npt.NDArray | None = None) -> Codes:
        """Pick open deals that the last extract showed and nothing has happened to today."""
        deals, candidates = self.deals, self._course.deal
        fits = (
            ~deals.is_closed[candidates]
            & (deals.first_night[candidates] < night)
            & ~self._changed[candidates]
            & ~self._oddities.protected[candidates]
            & ~deals.is_excluded[candidates]
        )
        if only is not None:
            fits &= only[candidates]
        found = np.unique(candidates[fits])
        return self._rng.choice(found, min(number, len(found)), replace=False)

    def _welcome_accounts(self, night: int) -> None:
        """Give accounts that are new tonight a deal that is new tonight."""
        accounts = np.flatnonzero(self.company.accounts.first_night == night)
        new = np.flatnonzero(
            (self.deals.created_day == self._timeline.business_day(night))
            & (self.deals.first_night == night)
        )[: len(accounts)]
        self.deals.account[new] = accounts[: len(new)]

    def _follow_course(self, night: int, day: int) -> None:
        """Close deals that are due and move others on; force closings where few are due."""
        deals, course = self.deals, self._course
        candidates = course.deal
        alive = ~deals.is_closed[candidates] & (deals.created_day[candidates] <= day)
        due = alive & (course.close_day <= day)
        stage = np.count_nonzero(course.stage_days <= day, axis=1).astype(np.int8)
        moves = alive & ~due & (stage > deals.stage[candidates])
        self._move(night, candidates[moves], stage[moves], day)
        self._close(night, candidates[due], course.is_won[due], day)

        missing = self._count(CLOSINGS) - int(np.count_nonzero(due))
        forced = self._pick_open(night, max(0, missing))
        self._close(night, forced, self._rng.random(len(forced)) < 0.5, day)
        undated, late = np.array_split(self._pick_open(night, 2 * self._per_kind), 2)
        self._close(night, undated, self._rng.random(len(undated)) < 0.5, day)
        deals.closed_kind[undated] = UNDATED
        deals.closing_known_second[undated[~self._tracked[undated]]] = NONE
        # A closing of the day before, which its extract should have shown.
        is_late = (deals.modified[late] < (day - 1) * SECONDS_PER_DAY) & (
            deals.created_day[late] < day - 1
        )
        for chosen, closed_on in ((late[is_late], day - 1), (late[~is_late], day)):
            self._close(night, chosen, self._rng.random(len(chosen)) < 0.5, closed_on)
        self._drop_decided()

    def _drop_decided(self) -> None:
        going_on = ~self.deals.is_closed[self._course.deal]
        course = self._course
        self._course = Course(
            course.deal[going_on],
            course.stage_days[going_on],
            course.close_day[going_on],
            course.is_won[going_on],
        )

    def _move(self, night: int, chosen: Codes, stage: npt.NDArray[np.int8], day: int) -> None:
        self._touch(chosen, day)
        self._enter(night, chosen, stage)

    def _enter(self, night: int, chosen: Codes, stage: npt.NDArray[np.int8]) -> None:
        """Put deals into stages, at the moment at which they are touched."""
        deals = self.deals
        forecast = forecast_of_stage(stage)
        self._note(night, chosen, STAGE, deals.stage[chosen], stage)
        self._note(night, chosen, PROBABILITY, deals.probability[chosen], NONE)
        self._note(night, chosen, FORECAST, deals.forecast[chosen], forecast)
        deals.stage[chosen] = stage
        deals.probability[chosen] = NONE
        deals.forecast[chosen] = forecast

    def _close(self, night: int, chosen: Codes, is_won: npt.NDArray[np.bool_], day: int) -> None:
        deals = self.deals
        self._changed[chosen] = True
        reason = self._rng.integers(0, len(LOSS_REASONS), len(chosen), dtype=np.int8)
        deals.loss_reason[chosen] = np.where(is_won, NONE, reason)
        deals.closed_day[chosen] = day
        # Not before a creation on the same day, and not after its end.
        created_today = deals.created_day[chosen] == day
        second = self._rng.integers(8 * 3600, 18 * 3600, len(chosen), dtype=np.int32)
        created_second = np.where(created_today, deals.created_second[chosen] + 60, 0)
        deals.closed_second[chosen] = np.maximum(second, created_second)
        deals.closed_kind[chosen] = np.where(self._rng.random(len(chosen)) < 0.9, AT_TIME, ON_DAY)
        deals.closing_known_day[chosen] = day
        closed_at = day * SECONDS_PER_DAY + deals.closed_second[chosen]
        is_told = self._tracked[chosen] | deals.has_closing_second[chosen]
        deals.closing_known_second[chosen] = np.where(is_told, closed_at, NONE)
        # The history has the moment of the closing; the row is saved a little later.
        deals.modified[chosen] = closed_at
        self._enter(night, chosen, np.where(is_won, WON, LOST).astype(np.int8))
        deals.modified[chosen] += 30

    def _push(self, night: int, day: int) -> None:
        dated = self.deals.expected_day > 0
        chosen = self._pick_open(night, self._count(PUSHES), dated)
        self._touch(chosen, day)
        expected = self.deals.expected_day[chosen]
        later = expected + self._rng.integers(14, 76, len(chosen), dtype=np.int32)
        self._note(night, chosen, EXPECTED, expected, later)
        self.deals.expected_day[chosen] = later

    def _change_owners(self, night: int, day: int) -> None:
        people = self.company.people
        chosen = self._pick_open(night, self._count(OWNER_CHANGES))
        selling = people.reps[people.selling_weight(day) > 0]
        owner = self._rng.choice(selling, len(chosen))
        same = owner == self.deals.owner[chosen]
        owner[same] = selling[(np.searchsorted(selling, owner[same]) + 1) % len(selling)]
        self._touch(chosen, day)
        self._note(night, chosen, OWNER, self.deals.owner[chosen], owner)
        self.deals.owner[chosen] = owner

    def _change_amounts(self, night: int, day: int) -> None:
        has_lines = np.diff(self.lines.first_line) > 0
        chosen = self._pick_open(
            night, self._count(NEW_AMOUNTS), ~has_lines & (self.deals.amount > 0)
        )
        factor = self._rng.integers(105, 140, len(chosen))
        self._touch(chosen, day)
        self._set_amount(night, chosen, self.deals.amount[chosen] * factor // 100 + 1)

    def _set_amount(self, night: int, chosen: Codes, amount: npt.NDArray[np.int64]) -> None:
        self._note(night, chosen, AMOUNT, self.deals.amount[chosen], amount)
        self.deals.amount[chosen] = amount

    def _change_lines(self, night: int, day: int) -> npt.NDArray[np.int64]:
        """Raise the quantity of a deal's first line; the amount follows where there is one."""
        deals, lines = self.deals, self.lines
        has_lines = np.diff(lines.first_line) > 0
        chosen = self._pick_open(night, self._count(LINE_CHANGES), has_lines)
        first = lines.first_line[chosen]
        more = self._rng.integers(1, 4, len(first), dtype=np.int32)
        lines.quantity[first] += more
        lines.total[first] += more * lines.unit_price[first]
        given = deals.amount[chosen] >= 0
        added, chosen = (more * lines.unit_price[first])[given], chosen[given]
        self._touch(chosen, day)
        self._set_amount(night, chosen, deals.amount[chosen] + added)
        return first

    def _exclude(self, night: int, day: int) -> None:
        """Mark some deals, open or not, as duplicate, deleted, or merged into another."""
        deals = self.deals
        number = self._per_kind
        sample = np.unique(self._rng.integers(0, len(deals), 60 * number + 60))
        fits = (
            (deals.first_night[sample] < night)
            & ~self._changed[sample]
            & ~self._oddities.protected[sample]
            & ~deals.is_excluded[sample]
        )
        targets = deals.merged_into[deals.merged_into >= 0]
        found = self._rng.permutation(np.setdiff1d(sample[fits], targets))
        duplicate, deleted, merged, into = (
            found[start * number : (start + 1) * number] for start in range(4)
        )
        deals.is_duplicate[duplicate] = 1
        deals.is_deleted[deleted] = 1
        deals.merged_into[merged] = into
        excluded = np.concatenate([duplicate, deleted, merged])
        self._touch(excluded, day)
        self._note(night, excluded, EXCLUSION, 0, 1)

    def _reopen(self, night: int, day: int) -> None:
        deals = self.deals
        fits = (
            deals.is_closed
            & (deals.closing_known_day > day - REOPENABLE_DAYS)
            & (deals.closing_known_day < day)
            & (deals.first_night < night)
            & ~self._changed
            & ~self._oddities.protected
            & ~deals.is_excluded
        )
        found = np.flatnonzero(fits)
        chosen = self._rng.choice(
            found, min(self._count(REOPENINGS), len(found)), replace=False
        ).astype(np.int32)
        closed_on, closed_at = deals.closing_known_day[chosen], deals.closing_known_second[chosen]
        self._move(night, chosen, np.full(len(chosen), NEGOTIATION, dtype=np.int8), day)
        in_days = (day - closed_on).astype(np.int64) * MICRO_DAYS
        in_time = micro_days(deals.modified[chosen] - closed_at)
        are_told = self._tracked[chosen] & (closed_at != NONE)
        deals.idle[chosen] += np.where(are_told, in_time, in_days)
        deals.loss_reason[chosen] = NONE
        deals.closing_known_day[chosen] = NONE
        deals.closing_known_second[chosen] = NONE
        # Every third keeps its old closing date, which means nothing while it is open.
        deals.closed_day[chosen[np.arange(len(chosen)) % 3 > 0]] = NONE
        expected = day + self._rng.integers(10, 40, len(chosen))
        self._note(night, chosen, EXPECTED, deals.expected_day[chosen], expected)
        deals.expected_day[chosen] = expected
        written_off = chosen[deals.amount[chosen] == 0]
        usual = 500_000 * self.company.worths()[deals.currency[written_off]]
        self._set_amount(night, written_off, usual)
        self._course = replace(
            self._course,
            deal=np.append(self._course.deal, chosen),
            stage_days=np.append(
                self._course.stage_days,
                np.full((len(chosen), OPEN_STAGES - 1), day, dtype=np.int32),
                axis=0,
            ),
            close_day=np.append(
                self._course.close_day, day + self._rng.geometric(0.5, len(chosen)).astype(np.int32)
            ),
            is_won=np.append(self._course.is_won, self._rng.random(len(chosen)) < 0.5),
        )

    def _repeated_deals(self, night: int, unchanged: npt.NDArray[np.bool_]) -> Codes:
        if night == 1:
            return np.empty(0, dtype=np.int32)
        sample = np.unique(self._rng.integers(0, len(self.deals), 40 * self._per_kind))
        found = sample[unchanged[sample] & ~self._oddities.protected[sample]]
        return np.sort(self._rng.permutation(found)[: 2 * self._per_kind]).astype(np.int32)

    def _repeated_changes(self, night: int, changes: Changes) -> npt.NDArray[np.int64]:
        sample = np.unique(self._rng.integers(0, len(changes), 20 * self._per_kind))
        found = sample[(changes.night[sample] < night) & changes.is_written[sample]]
        return found[: 2 * self._per_kind]

    def _repeated_lines(
        self,
        night: int,
        seen_before: npt.NDArray[np.bool_],
        changed_lines: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int64]:
        if night == 1:
            return np.empty(0, dtype=np.int64)
        sample = np.unique(self._rng.integers(0, self.lines.first_line[-1], 40 * self._per_kind))
        sample = np.setdiff1d(sample, changed_lines)
        found = sample[seen_before[self.lines.deal[sample]]]
        return np.sort(self._rng.permutation(found)[: 2 * self._per_kind])
