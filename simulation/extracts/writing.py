"""Writing extracts: rows as text, broken and repeated rows at known lines, files with their time.

Belongs here: the text of every table's rows, and files. Does not: what happened, or what is broken.
"""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from simulation.company.missing_ids import (
    MISSING_ACCOUNT,
    MISSING_OPPORTUNITY,
    MISSING_PRODUCT,
    MISSING_TERRITORY,
    MISSING_USER,
)
from simulation.company.structure import Accounts, Company
from simulation.company.vocabulary import (
    COMPETITORS,
    CURRENCIES,
    DEAL_TYPES,
    FORECAST_CATEGORIES,
    INDUSTRIES,
    LEAD_SOURCES,
    LOSS_REASONS,
    PRODUCTS,
    SEGMENTS,
    STAGES,
)
from simulation.deals.deal_history import (
    AMOUNT,
    CURRENCY,
    EXPECTED,
    FIELD_NAMES,
    FORECAST,
    OWNER,
    PROBABILITY,
    STAGE,
    Changes,
)
from simulation.deals.deals import AT_TIME, BOTH, DANGLING, NONE, ON_DAY, Deals
from simulation.deals.line_items import TOTAL_ONLY, WITHOUT_TOTAL, LineItems
from simulation.demand.campaign_tables import CAMPAIGN_COLUMNS
from simulation.demand.campaigns import CAMPAIGNS, campaign_id
from simulation.demand.lead_tables import LEAD_COLUMNS
from simulation.people.people_tables import HR_COLUMNS, KEY_WIDTHS, PAYROLL_COLUMNS

CHUNK = 250_000
"""Rows that are turned into text at once; bounds memory."""

_COLUMNS = {
    "users": (
        "user_id user_name email employee_number role manager_id team_id branch_id territory_id "
        "is_active"
    ),
    "teams": "team_id team_name manager_id branch_id",
    "branches": "branch_id branch_name region country",
    "territories": "territory_id territory_name parent_territory_id",
    "accounts": (
        "account_id account_name industry segment country owner_id territory_id parent_account_id "
        "annual_revenue employee_count"
    ),
    "products": "product_id product_name product_family list_price currency_code is_active",
    "stages": "stage_id stage_name stage_order is_closed is_won probability",
    "opportunities": (
        "opportunity_id opportunity_name account_id owner_id product_id territory_id stage_id "
        "forecast_category lead_source deal_type loss_reason competitor merged_into_id "
        "currency_code amount probability is_duplicate is_deleted created_at created_date "
        "expected_close_date closed_at closed_date modified_at campaign_id"
    ),
    "opportunity_line_items": (
        "line_item_id opportunity_id product_id quantity unit_price line_amount"
    ),
    "opportunity_field_history": (
        "history_id opportunity_id field_name old_value new_value changed_at changed_by_id"
    ),
    "forecast_submissions": (
        "submission_id submitter_id submission_level team_id period_grain period_start "
        "forecast_category amount currency_code submitted_at"
    ),
    "quotas": (
        "quota_id user_id team_id territory_id period_grain period_start quota_kind version amount "
        "currency_code"
    ),
    "fx_rates": "rate_date from_currency to_currency rate",
    "person_crosswalk": "system_name system_person_id person_id valid_from valid_to",
}
_COLUMNS |= LEAD_COLUMNS | CAMPAIGN_COLUMNS | HR_COLUMNS | PAYROLL_COLUMNS
HEADERS = {table: tuple(columns.split()) for table, columns in _COLUMNS.items()}
KEY_COLUMNS = dict.fromkeys(HEADERS, 1) | KEY_WIDTHS
KEY_COLUMNS |= {"fx_rates": 3, "person_crosswalk": 2, "opportunity_contacts": 3}


@dataclass(frozen=True)
class PlantedRow:
    """A row written as it is, between others.

    Attributes:
        position: How many of the table's ordinary rows stand before it.
        text: One record with its line end; may hold line breaks within quotes.
    """

    position: int
    text: str


class ExtractFile:
    """One file of an extract; knows the physical line at which each record begins."""

    def __init__(self, path: Path, header: Sequence[str], extracted_at: datetime) -> None:
        self._path = path
        self._time = extracted_at.timestamp()
        self._file = path.open("wb")
        self._file.write(record(header).encode())
        self._next_line = 2

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        os.utime(self._path, (self._time, self._time))

    def write_all(
        self, chunks: Iterable[pa.StringArray], planted: Sequence[PlantedRow] = ()
    ) -> list[int]:
        """Write ordinary rows with planted ones between them.

        Args:
            chunks: Ordinary rows in order, each with its line end and without another.
            planted: The planted rows in any order.

        Returns:
            The line at which each planted row begins, in the order given.
        """
        order = sorted(range(len(planted)), key=lambda each: planted[each].position)
        lines = [0] * len(planted)
        written = 0
        for chunk in chunks:
            begin = 0
            while order and planted[order[0]].position < written + len(chunk):
                each = order.pop(0)
                end = planted[each].position - written
                self._write_rows(chunk.slice(begin, end - begin))
                lines[each] = self._write_text(planted[each].text)
                begin = end
            self._write_rows(chunk.slice(begin))
            written += len(chunk)
        for each in order:
            lines[each] = self._write_text(planted[each].text)
        return lines

    def _write_rows(self, rows: pa.StringArray) -> None:
        if len(rows) == 0:
            return
        _, offsets, text = rows.buffers()
        bounds = np.frombuffer(offsets, dtype=np.int32)
        first, last = bounds[rows.offset], bounds[rows.offset + len(rows)]
        self._file.write(memoryview(text)[first:last])
        self._next_line += len(rows)

    def _write_text(self, text: str) -> int:
        line = self._next_line
        self._file.write(text.encode())
        self._next_line += text.count("\n")
        return line


def record(values: Sequence[str]) -> str:
    """Write values as one CSV record with its line end, quoted where needed."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


def values_of(text: str) -> list[str]:
    """Read one CSV record back into its values."""
    return next(csv.reader(io.StringIO(text, newline="")))


def as_chunks(texts: Sequence[str]) -> list[pa.StringArray]:
    """Turn rows that are text already into what a file takes."""
    return [pa.array(list(texts), type=pa.string())]


def opportunity_id(deal: int) -> str:
    """Give the CRM's id of a deal."""
    return f"OP-{deal + 1:08d}"


def line_item_id(line: int) -> str:
    """Give the CRM's id of a line item."""
    return f"LI-{line + 1:08d}"


def account_id(account: int) -> str:
    """Give the CRM's id of an account."""
    return f"AC-{account + 1:07d}"


class Renderer:
    """Turns arrays of codes into rows of text, in DuckDB, chunk by chunk."""

    def __init__(self, company: Company, campaigns: npt.NDArray[np.int8]) -> None:
        """Prepare the texts that codes stand for; all of them need no quoting in CSV.

        Args:
            company: Who sells to whom.
            campaigns: Per deal, the campaign that it names.
        """
        self._campaigns = campaigns
        accounts, people, territories = company.accounts, company.people, company.territories
        self._connection = duckdb.connect()
        number = len(accounts)
        self._account_ids = _texts(MISSING_ACCOUNT, (account_id(each) for each in range(number)))
        self._account_names = _texts("Unlisted", accounts.short_names, none="Unnamed")
        self._users = _texts(MISSING_USER, (people.id(each) for each in range(len(people.names))))
        self._territories = _texts(
            MISSING_TERRITORY, (territories.id(each) for each in range(len(territories.names)))
        )
        self._products = _texts(MISSING_PRODUCT, (product.product_id for product in PRODUCTS))
        self._product_names = _texts("deal", (product.name for product in PRODUCTS), none="deal")
        self._stages = _texts("", (stage.stage_id for stage in STAGES))
        self._words = {
            "forecast": _texts("", FORECAST_CATEGORIES),
            "lead_source": _texts("", LEAD_SOURCES),
            "deal_type": _texts("", DEAL_TYPES),
            "loss_reason": _texts("", LOSS_REASONS),
            "competitor": _texts("", COMPETITORS),
            "currency": _texts("", CURRENCIES),
            "industry": _texts("", INDUSTRIES),
            "segment": _texts("", SEGMENTS),
            "country": _texts("", company.countries),
            "campaign": _texts("", (campaign_id(each) for each in range(len(CAMPAIGNS)))),
            "flag": _texts("", ("false", "true")),
            "hundredth": _texts("", (f"{each / 100:.2f}" for each in range(101))),
        }
        self._first_day = 0
        self._days = pa.array([""])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def cover_days(self, first: int, last: int) -> None:
        """Prepare the texts of all days that rows can show; days outside cannot be written."""
        self._first_day = first
        dates = np.datetime_as_string(
            np.datetime64("1970-01-01") + np.arange(first, last + 1), unit="D"
        )
        self._days = pa.array(["", *dates.tolist()])

    def opportunities(self, deals: Deals, rows: npt.NDArray) -> Iterator[pa.StringArray]:
        """Give the text of some deals' rows, in the order of `rows`."""
        for start in range(0, len(rows), CHUNK):
            chosen = rows[start : start + CHUNK]
            first, last = int(chosen[0]), int(chosen[-1]) + 1
            if len(chosen) > 0.9 * (last - first) and np.all(np.diff(chosen) > 0):
                # Nearly all of a range: views of the arrays are much cheaper than copies.
                columns = self._opportunity_columns(deals.rows(slice(first, last)), first)
                is_chosen = np.zeros(last - first, dtype=bool)
                is_chosen[chosen - first] = True
                columns["is_chosen"] = pa.array(is_chosen)
                yield from self._select(columns, OPPORTUNITY_TEXT, "where is_chosen")
            else:
                columns = self._opportunity_columns(deals.rows(chosen), chosen)
                yield from self._select(columns, OPPORTUNITY_TEXT)

    def line_items(self, lines: LineItems, rows: npt.NDArray) -> Iterator[pa.StringArray]:
        """Give the text of some line items' rows, in the order of `rows`."""
        for start in range(0, len(rows), CHUNK):
            chosen = rows[start : start + CHUNK]
            kind = lines.kind[chosen]
            columns = {
                "line": pa.array(chosen + 1),
                "deal": pa.array(lines.deal[chosen].astype(np.int64) + 1),
                "product": _coded(lines.product[chosen], self._products),
                "quantity": pa.array(lines.quantity[chosen], mask=kind == TOTAL_ONLY),
                "unit_price": pa.array(lines.unit_price[chosen], mask=kind == TOTAL_ONLY),
                "total": pa.array(lines.total[chosen], mask=kind == WITHOUT_TOTAL),
            }
            yield from self._select(columns, LINE_ITEM_TEXT)

    def field_history(self, changes: Changes, rows: npt.NDArray) -> Iterator[pa.StringArray]:
        """Give the text of some changes, each numbered by its place, in the order of `rows`."""
        for start in range(0, len(rows), CHUNK):
            numbers = rows[start : start + CHUNK]
            chosen = changes.rows(numbers)
            columns = {
                "number": pa.array(numbers + 1),
                "deal": pa.array(chosen.deal.astype(np.int64) + 1),
                "field": pa.array(chosen.field),
                "old": pa.array(chosen.old),
                "new": pa.array(chosen.new),
                "changed_at": pa.array(chosen.second.view("datetime64[s]")),
            }
            yield from self._select(columns, CHANGE_TEXT)

    def accounts(
        self, accounts: Accounts, names: pa.StringArray, rows: npt.NDArray
    ) -> Iterator[pa.StringArray]:
        """Give the text of some accounts' rows, in the order of `rows`, with a night's names."""
        for start in range(0, len(rows), CHUNK):
            chosen = rows[start : start + CHUNK]
            columns = {
                "account": pa.array(chosen + 1),
                "name": names.take(pa.array(chosen)),
                "industry": _coded(accounts.industry[chosen], self._words["industry"]),
                "segment": _coded(accounts.segment[chosen], self._words["segment"]),
                "country": _coded(accounts.country[chosen], self._words["country"]),
                "owner": _coded(accounts.owner[chosen], self._users),
                "territory": _coded(accounts.territory[chosen], self._territories),
                "parent": _coded(accounts.parent[chosen], self._account_ids),
                "revenue": pa.array(accounts.revenue[chosen]),
                "employees": pa.array(accounts.employees[chosen]),
            }
            yield from self._select(columns, ACCOUNT_TEXT)

    def _opportunity_columns(self, deals: Deals, index: npt.NDArray | int) -> dict[str, pa.Array]:
        """Give deals' columns; `index` is their place among all, or the first of a range's."""
        words = self._words
        places = index + np.arange(len(deals)) if isinstance(index, int) else index
        day = 86_400
        created_at = deals.created_day.astype(np.int64) * day + deals.created_second
        closed_at = deals.closed_day.astype(np.int64) * day + deals.closed_second
        has_close = deals.closed_day > 0
        close_time = has_close & ((deals.closed_kind == AT_TIME) | (deals.closed_kind == BOTH))
        close_day = has_close & ((deals.closed_kind == ON_DAY) | (deals.closed_kind == BOTH))
        return {
            "deal": pa.array(places + 1),
            "campaign": _coded(self._campaigns[places], words["campaign"]),
            "account": _coded(deals.account, self._account_ids),
            "account_name": _coded(deals.account, self._account_names),
            "owner": _coded(deals.owner, self._users),
            "product": _coded(deals.product, self._products),
            "product_name": _coded(deals.product, self._product_names),
            "territory": _coded(deals.territory, self._territories),
            "stage": _coded(deals.stage, self._stages),
            "forecast": _coded(deals.forecast, words["forecast"]),
            "lead_source": _coded(deals.lead_source, words["lead_source"]),
            "deal_type": _coded(deals.deal_type, words["deal_type"]),
            "loss_reason": _coded(deals.loss_reason, words["loss_reason"]),
            "competitor": _coded(deals.competitor, words["competitor"]),
            "merged_into": pa.array(
                deals.merged_into.astype(np.int64) + 1, mask=deals.merged_into < 0
            ),
            "currency": _coded(
                np.where(deals.has_currency, deals.currency, np.int8(NONE)), words["currency"]
            ),
            "amount": pa.array(deals.amount, mask=deals.amount < 0),
            "probability": _coded(deals.probability, words["hundredth"]),
            "is_duplicate": _coded(deals.is_duplicate, words["flag"]),
            "is_deleted": _coded(deals.is_deleted, words["flag"]),
            "created_at": _moments(created_at, deals.created_kind == AT_TIME),
            "created_date": self._dates(deals.created_day, deals.created_kind == ON_DAY),
            "expected_close_date": self._dates(deals.expected_day, deals.expected_day > 0),
            "closed_at": _moments(closed_at, close_time),
            "closed_date": self._dates(deals.closed_day, close_day),
            "modified_at": _moments(deals.modified, np.ones(len(deals), dtype=bool)),
        }

    def _dates(self, days: npt.NDArray, given: npt.NDArray[np.bool_]) -> pa.Array:
        codes = np.where(given, days - self._first_day + 1, 0).astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(codes), self._days)

    def _select(
        self, columns: dict[str, pa.Array], text: str, where: str = ""
    ) -> Iterator[pa.StringArray]:
        self._connection.register("chunk", pa.table(columns))
        query = f"select {text} as row_text from chunk {where}"
        result = self._connection.execute(query).to_arrow_table()
        self._connection.unregister("chunk")
        yield from result.column(0).chunks


def _texts(missing: str, texts: Iterable[str], none: str = "") -> pa.StringArray:
    """Lay out texts so that DANGLING, NONE, 0, 1, ... are their first, second, third, ... entry."""
    return pa.array([missing, none, *texts])


def _coded(codes: npt.NDArray, texts: pa.StringArray) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes - codes.dtype.type(DANGLING)), texts)


def _moments(seconds: npt.NDArray[np.int64], given: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(seconds.view("datetime64[s]"), mask=~given)


def _money(column: str) -> str:
    return (
        f"case when {column} is not null then "
        f"concat({column} // 100, '.', lpad(cast({column} % 100 as varchar), 2, '0')) end"
    )


def _row(*fields: str) -> str:
    """Give the SQL of a row's text; concat is much faster than || and takes NULL for empty."""
    return "concat(" + ", ',', ".join(fields) + ", chr(10))"


def _held(value: str) -> str:
    """Give the SQL of what a field held, by the field's kind; empty for nothing."""

    def word(texts: Sequence[str]) -> str:
        return f"[{', '.join(repr(text) for text in texts)}][{value} + 1]"

    texts = {
        STAGE: word([stage.stage_id for stage in STAGES]),
        AMOUNT: _money(value),
        CURRENCY: word(CURRENCIES),
        EXPECTED: f"cast(date '1970-01-01' + cast({value} as integer) as varchar)",
        OWNER: f"concat('US-', lpad(cast({value} + 1 as varchar), 4, '0'))",
        PROBABILITY: f"format('{{:.2f}}', {value} / 100)",
        FORECAST: word(FORECAST_CATEGORIES),
    }
    cases = " ".join(f"when {field} then {text}" for field, text in texts.items())
    return f"case when {value} >= 0 then case field {cases} end end"


CHANGE_TEXT = _row(
    "'CH-', lpad(cast(number as varchar), 9, '0')",
    "'OP-', lpad(cast(deal as varchar), 8, '0')",
    f"[{', '.join(repr(name) for name in FIELD_NAMES)}][field + 1]",
    _held("old"),
    _held('"new"'),
    "changed_at",
    "''",
)
OPPORTUNITY_TEXT = _row(
    "'OP-', lpad(cast(deal as varchar), 8, '0')",
    "account_name, ' ', product_name",
    "account",
    "owner",
    "product",
    "territory",
    "stage",
    "forecast",
    "lead_source",
    "deal_type",
    "loss_reason",
    "competitor",
    "case when merged_into is not null then "
    "concat('OP-', lpad(cast(merged_into as varchar), 8, '0')) end",
    "currency",
    _money("amount"),
    "probability",
    "is_duplicate",
    "is_deleted",
    "created_at",
    "created_date",
    "expected_close_date",
    "closed_at",
    "closed_date",
    "modified_at",
    "campaign",
)
LINE_ITEM_TEXT = _row(
    "'LI-', lpad(cast(line as varchar), 8, '0')",
    f"case when deal <= 0 then '{MISSING_OPPORTUNITY}' "
    "else concat('OP-', lpad(cast(deal as varchar), 8, '0')) end",
    "product",
    "quantity",
    _money("unit_price"),
    _money("total"),
)
ACCOUNT_TEXT = _row(
    "'AC-', lpad(cast(account as varchar), 7, '0')",
    """case when contains(name, ',') or contains(name, '"')
    then concat('"', replace(name, '"', '""'), '"') else name end""",
    "industry",
    "segment",
    "country",
    "owner",
    "territory",
    "parent",
    _money("revenue"),
    "employees",
)
