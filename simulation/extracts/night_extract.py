"""One night's folder: every file of the CRM, with its broken, repeated and oddly named rows.

Belongs here: what goes into which file. Does not: writing and counting them (extract_ledger.py),
the text of rows (writing.py) and what happened in the night (nights.py).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from simulation.company.business_calendar import date_of
from simulation.company.currencies import DAYS_BEFORE_HISTORY, Rates
from simulation.company.streams import stream
from simulation.company.structure import Company
from simulation.company.structure_rows import Row, structure_rows
from simulation.company.timeline import Timeline
from simulation.deals.deal_history import AMOUNT, ChangeLog
from simulation.deals.deals import Deals
from simulation.deals.line_items import LineItems
from simulation.deals.nights import Night
from simulation.deals.oddities import Oddities
from simulation.deals.targets import Targets
from simulation.extracts.defects import KINDS, Kind, Planter, kinds_of_night, odd_name, of_no_deal
from simulation.extracts.extract_ledger import ExtractLedger
from simulation.extracts.writing import KEY_COLUMNS, Renderer, as_chunks, record, values_of

# Ids for rows of keys that are never shown well; no real row's number comes near.
FRESH_USER, FRESH_ACCOUNT, FRESH_LINE = "US-8{:03d}", "AC-8{:06d}", "LI-8{:07d}"
FRESH_CHANGE, FRESH_SUBMISSION, FRESH_QUOTA = "CH-8{:08d}", "FS-8{:06d}", "QU-8{:05d}"
DAYS_OF_EXPECTATION = 1_000
"""No deal is expected to close later than this many days after the last night, but for pushes."""


class NightExtracts:
    """Writes the nights in turn and remembers what they have shown."""

    def __init__(
        self,
        folder: Path,
        company: Company,
        rates: Rates,
        targets: Targets,
        oddities: Oddities,
        campaigns: npt.NDArray[np.int8],
        timeline: Timeline,
        seed: int,
        per_kind: int,
    ) -> None:
        """Prepare to write night folders into `folder`."""
        self.changes_of_no_deal: list[str] = []
        self.left_out: set[str] = set()
        self.ledger = ExtractLedger(folder, timeline)
        self._company = company
        self._rates = rates
        self._targets = targets
        self._oddities = oddities
        self._timeline = timeline
        self._per_kind = per_kind
        self._rng = stream(seed, "defects")
        self._renderer = Renderer(company, campaigns)
        self._renderer.cover_days(
            timeline.start_day - DAYS_BEFORE_HISTORY,
            timeline.last_day + DAYS_OF_EXPECTATION + 100 * timeline.nights,
        )
        self._shown: dict[str, dict[Row, Row]] = {}
        self._fresh = 0
        self._account_names = pa.array([], type=pa.string())
        self._first_lines = np.empty(0, dtype=np.int64)

    def write(self, night: Night, deals: Deals, log: ChangeLog, lines: LineItems) -> None:
        """Write all files of a night."""
        self._write_opportunities(night, deals)
        self._write_field_history(night, log)
        self._write_submissions(night.number)
        self._write_line_items(night, lines)
        self._write_accounts(night.number)
        tables = structure_rows(self._company, self._rates, self._timeline, night.number)
        for table, rows in tables.items():
            if table not in self.left_out:
                self._write_structure(table, rows, night.number)
        self._write_structure("quotas", self._targets.quota_rows(night.number), night.number)

    def close(self) -> None:
        """Let the database go that rendered the rows."""
        self._renderer.__exit__(None, None, None)

    def _write_opportunities(self, night: Night, deals: Deals) -> None:
        is_odd = np.zeros(len(deals), dtype=bool)
        is_odd[self._oddities.odd_names] = True
        is_odd = is_odd[night.opportunities]
        odd, ordinary = night.opportunities[is_odd], night.opportunities[~is_odd]
        planter = Planter("opportunities", len(ordinary), self._rng)
        fresh = self._oddities.broken[night.number]
        known = self._known_deals(night, deals)
        for chosen, is_fresh in ((fresh, True), (known, False)):
            kinds = kinds_of_night("opportunities", night.number, is_fresh, self._per_kind)
            planter.break_rows(self._deal_texts(deals, chosen[: len(kinds)]), kinds)
        planter.repeat(self._deal_texts(deals, self._some(ordinary)))
        planter.add(self._deal_texts(deals, odd), odd_name)
        self.ledger.write(
            "opportunities",
            night.number,
            self._renderer.opportunities(deals, ordinary),
            planter.planting(),
            good=len(night.opportunities),
            unchanged=len(night.repeated),
            is_delta=True,
        )

    def _known_deals(self, night: Night, deals: Deals) -> npt.NDArray:
        """Pick deals that earlier extracts showed and tonight's does not."""
        fits = (deals.first_night < night.number) & ~self._oddities.protected
        fits[night.opportunities] = False
        number = len(kinds_of_night("opportunities", night.number, False, self._per_kind))
        return self._rng.choice(np.flatnonzero(fits), number, replace=False) if number else fits[:0]

    def _deal_texts(self, deals: Deals, chosen: npt.NDArray) -> list[str]:
        return _texts_of(self._renderer.opportunities(deals, np.asarray(chosen, dtype=np.int32)))

    def _write_field_history(self, night: Night, log: ChangeLog) -> None:
        table = "opportunity_field_history"
        changes = log.all()
        planter = Planter(table, len(night.changes), self._rng)
        kinds = KINDS[table] * self._per_kind
        # Models whose new value is a number, so that a text in its place is wrong.
        amounts = night.changes[changes.field[night.changes] == AMOUNT]
        models = self._rng.choice(amounts, len(kinds) + self._per_kind)
        texts = self._renamed(
            _texts_of(self._renderer.field_history(changes, models)), FRESH_CHANGE
        )
        planter.break_rows(texts[: len(kinds)], kinds)
        planter.add(texts[len(kinds) :], of_no_deal)
        self.changes_of_no_deal += [values_of(text)[0] for text in texts[len(kinds) :]]
        copied = self._some(night.changes)
        planter.repeat(_texts_of(self._renderer.field_history(changes, copied)))
        self.ledger.write(
            table,
            night.number,
            self._renderer.field_history(changes, night.changes),
            planter.planting(),
            good=len(night.changes) + self._per_kind,
            unchanged=len(night.repeated_changes),
        )

    def _write_submissions(self, night: int) -> None:
        table = "forecast_submissions"
        rows = [record(row) for row in self._targets.submission_rows(night)]
        planter = Planter(table, len(rows), self._rng)
        kinds = KINDS[table] * self._per_kind if rows else []
        models = self._renamed([rows[0]] * len(kinds), FRESH_SUBMISSION) if rows else []
        planter.break_rows(models, kinds)
        self.ledger.write(
            table, night, as_chunks(rows), planter.planting(), good=len(rows), unchanged=0
        )

    def _write_line_items(self, night: Night, lines: LineItems) -> None:
        table = "opportunity_line_items"
        planter = Planter(table, len(night.line_items), self._rng)
        fresh = kinds_of_night(table, night.number, True, self._per_kind)
        models = self._rng.choice(
            night.line_items[lines.deal[night.line_items] >= 0], len(fresh) + self._per_kind
        )
        texts = _texts_of(self._renderer.line_items(lines, models))
        planter.break_rows(self._renamed(texts[: len(fresh)], FRESH_LINE), fresh)
        copied = np.unique(models[len(fresh) :])
        planter.repeat(_texts_of(self._renderer.line_items(lines, copied)))
        known = kinds_of_night(table, night.number, False, self._per_kind)
        if known:
            # Broken rows of lines that the first extract showed and tonight's does not.
            earlier = np.setdiff1d(self._first_lines, night.line_items)
            chosen = self._rng.choice(earlier, len(known), replace=False)
            planter.break_rows(_texts_of(self._renderer.line_items(lines, chosen)), known)
        else:
            self._first_lines = self._rng.choice(
                night.line_items, min(len(night.line_items), 10_000), replace=False
            )
        self.ledger.write(
            table,
            night.number,
            self._renderer.line_items(lines, night.line_items),
            planter.planting(),
            good=len(night.line_items),
            unchanged=len(night.repeated_line_items),
            is_delta=True,
        )

    def _write_accounts(self, night: int) -> None:
        accounts = self._company.accounts
        self._account_names = pa.array(accounts.names_at(night))
        shown = accounts.shown(night)
        # On the first night all of them are new, and any may be a model for a broken row.
        changed = (night > 1) & (
            (accounts.first_night == night) | (accounts.renamed_night == night)
        )
        fresh = kinds_of_night("accounts", night, True, self._per_kind)
        known = kinds_of_night("accounts", night, False, self._per_kind)
        steady = shown[~changed[shown]]
        broken = self._rng.choice(steady, len(known), replace=False)
        ordinary = shown[~np.isin(shown, broken)]
        planter = Planter("accounts", len(ordinary), self._rng)
        models = self._account_texts(self._rng.choice(steady, len(fresh)))
        planter.break_rows(self._renamed(models, FRESH_ACCOUNT), fresh)
        planter.break_rows(self._account_texts(broken), known)
        planter.repeat(self._account_texts(self._some(ordinary)))
        gone = int(np.count_nonzero(accounts.last_night == night - 1))
        new_or_changed = len(shown) if night == 1 else int(np.count_nonzero(changed[shown]))
        self.ledger.write(
            "accounts",
            night,
            self._renderer.accounts(accounts, self._account_names, ordinary),
            planter.planting(),
            good=len(ordinary),
            unchanged=len(ordinary) - new_or_changed,
            deleted=gone,
        )

    def _account_texts(self, chosen: npt.NDArray) -> list[str]:
        return _texts_of(
            self._renderer.accounts(self._company.accounts, self._account_names, chosen)
        )

    def _write_structure(self, table: str, rows: list[Row], night: int) -> None:
        shown = self._shown.setdefault(table, {})
        keys = KEY_COLUMNS[table]
        steady = [row for row in rows if night == 1 or shown.get(row[:keys]) == row]
        broken = self._structure_defects(table, steady, night)
        replaced = {row for row, _, is_known in broken if is_known}
        ordinary = [row for row in rows if row not in replaced]
        planter = Planter(table, len(ordinary), self._rng)
        planter.break_rows([record(row) for row, _, _ in broken], [kind for _, kind, _ in broken])
        unchanged = sum(shown.get(row[:keys]) == row for row in ordinary)
        deleted = len(shown.keys() - {row[:keys] for row in rows})
        shown.update({row[:keys]: row for row in ordinary})
        self.ledger.write(
            table,
            night,
            as_chunks([record(row) for row in ordinary]),
            planter.planting(),
            good=len(ordinary),
            unchanged=unchanged,
            deleted=deleted,
        )

    def _structure_defects(
        self, table: str, steady: Sequence[Row], night: int
    ) -> list[tuple[Row, Kind, bool]]:
        """Choose rows of a small table to break, with how, and whether their key is known."""
        if table == "users":
            fresh = kinds_of_night(table, night, True, self._per_kind)
            known = kinds_of_night(table, night, False, self._per_kind)
            chosen = [
                steady[place]
                for place in self._rng.choice(len(steady), len(fresh) + len(known), replace=False)
            ]
            new = [(self._fresh_key(FRESH_USER), *row[1:]) for row in chosen[: len(fresh)]]
            return [(row, kind, False) for row, kind in zip(new, fresh, strict=True)] + [
                (row, kind, True) for row, kind in zip(chosen[len(fresh) :], known, strict=True)
            ]
        if table == "quotas":
            kinds = KINDS[table] * self._per_kind
            return [((self._fresh_key(FRESH_QUOTA), *steady[0][1:]), kind, False) for kind in kinds]
        if table == "fx_rates":
            kinds = KINDS[table] * self._per_kind
            first = int(self._rates.days[0])
            # Of days before all others, so that no rate in use is missing.
            return [
                ((date_of(first - place - 1).isoformat(), *steady[0][1:]), kind, False)
                for place, kind in enumerate(kinds)
            ]
        return []

    def _some(self, rows: npt.NDArray) -> npt.NDArray:
        return self._rng.choice(rows, min(self._per_kind, len(rows)), replace=False)

    def _renamed(self, texts: Sequence[str], pattern: str) -> list[str]:
        return [record([self._fresh_key(pattern), *values_of(text)[1:]]) for text in texts]

    def _fresh_key(self, pattern: str) -> str:
        self._fresh += 1
        return pattern.format(self._fresh)


def _texts_of(chunks: Iterable[pa.StringArray]) -> list[str]:
    return [text for chunk in chunks for text in chunk.to_pylist()]
