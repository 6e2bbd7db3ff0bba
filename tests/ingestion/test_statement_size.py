"""A feed is one statement of a size that a database understands at once, however it is mapped.

What is written at every use grows with the product of its uses: a history of eight columns was a
statement of 1.6 MB, and six words for nothing made an expression 64 times as long.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest

from ingestion.casting.cell_texts import LIFTING_OPTIMIZERS
from ingestion.casting.compilation import project
from ingestion.casting.projection import Projection
from ingestion.checking.mappings import load_mapping
from ingestion.contracts.contract_files import load_contracts
from ingestion.mapping.feeds import Feed
from ingestion.mapping.normalization import add_normalization
from ingestion.mapping.schema import NormalizeStep

CONTRACTS = load_contracts()
# More than twice what the largest of them has; what grows by products soon has ten times that.
MOST_CHARACTERS = 100_000
EVERY_STEP = f"normalize: [{', '.join(get_args(NormalizeStep))}]"
WORDS = ["null: [NULL]", "null: [NULL, NA, N/A, none, nil, '-', '--', '?', unknown, empty]"]
RULES = {
    "recoded": {"from": "x", "recode": {"a": "b", "": "c"}, "otherwise": "quarantine"},
    "a path, recoded": {"path": "$.x.y", "recode": {"a": "b"}, "otherwise": "quarantine"},
    "an expression": {"expression": "upper(replace(x, 'a', y))"},
    "an expression, recoded": {"expression": "upper(x || y)", "recode": {"A": "b"}},
    "a key of names": {"key_of": ["x", "y", "z"]},
}


def feed_of(folder: Path, table: str, columns: dict[str, Any] | str, options: str) -> Feed:
    feed = {"files": "x.csv", "columns": columns}
    kind = "events" if table.endswith("_history") else "full"
    path = folder / "mapping.yml"
    tables = json.dumps({table: {**feed, "kind": kind}})
    path.write_text(f"mapping: m\nsource: crm\n{options}\ntables: {tables}\n", encoding="utf-8")
    return load_mapping(str(path), CONTRACTS).feeds[0]


def projected(feed: Feed) -> Projection:
    table = CONTRACTS.table("crm", feed.table)
    header = ["x", "y", "z", *table.column_names]
    return project(feed, table, header, {name: f"c{i}" for i, name in enumerate(header)})


def typed_by_tables() -> list[str]:
    tables = [table for table in CONTRACTS.tables() if table.source == "crm"]
    return [t.name for t in tables if any(c.typed_by is not None for c in t.columns)]


def test_there_are_tables_of_other_tables_values() -> None:
    assert "opportunity_field_history" in typed_by_tables()


@pytest.mark.parametrize("options", ["", EVERY_STEP, f"{EVERY_STEP}\nformats: {{{WORDS[1]}}}"])
@pytest.mark.parametrize("table", typed_by_tables())
def test_a_history_of_many_columns(table: str, options: str, tmp_path: Path) -> None:
    size = len(projected(feed_of(tmp_path, table, "same", options)).select_sql("cells"))
    assert size < MOST_CHARACTERS


@pytest.mark.parametrize("name", RULES)
def test_words_for_nothing_are_written_a_few_times(name: str, tmp_path: Path) -> None:
    ids = ["account_id", "owner_id", "territory_id", "product_id"]
    columns = {"opportunity_id": "x", "stage_id": "stage_id"}
    columns |= dict.fromkeys(ids[: 2 if name == "a key of names" else 4], RULES[name])
    sizes = [
        len(
            projected(
                feed_of(tmp_path, "opportunities", columns, f"{EVERY_STEP}\nformats: {{{words}}}")
            ).select_sql("cells")
        )
        for words in WORDS
    ]
    assert sizes[1] < MOST_CHARACTERS
    assert sizes[1] - sizes[0] < 5_000


VALUES = {
    "amount": ["1.234,50", "12", "1,239", "99999999999999999999", "#REF!", "", "-", "٣٫٥"],
    "probability": ["0,5", "7", "-1", "x", "nan"],
    "expected_close_date": ["31.12.2025", "2025-12-31", "31.02.2025", "1.1.1850", "#N/A"],
    "forecast_category": ["COMMIT", "best_case", "sure", ""],
    "currency_code": ["EUR", "euro", "-"],
    "stage_id": ["مذاكره", "won  deal", "1E+15", "nan", "#N/A"],
    "owner_id": ["u1", "U1", "1E+15", "nan", "-"],
}


@pytest.mark.parametrize("options", ["", EVERY_STEP, "id_prefix: 'a:'", "normalize: [case]"])
def test_a_value_of_the_history_is_that_of_the_column(options: str, tmp_path: Path) -> None:
    formats = "formats: {decimal_point: ',', thousands: '.', date: '%d.%m.%Y', null: ['-', NULL]}"
    columns = ["opportunity_id", "stage_id", *VALUES]
    deals = feed_of(tmp_path, "opportunities", {c: c for c in columns}, f"{options}\n{formats}")
    history = feed_of(tmp_path, "opportunity_field_history", "same", f"{options}\n{formats}")
    with duckdb.connect() as connection:
        add_normalization(connection)
        connection.execute(f"set disabled_optimizers = '{LIFTING_OPTIMIZERS}'")
        for column, texts in VALUES.items():
            own = results(connection, deals, {column: texts})
            for side in ("old_value", "new_value"):
                names = {"field_name": [column] * len(texts)}
                told = results(connection, history, {side: texts, **names})
                assert dict(zip(texts, told, strict=True)) == dict(zip(texts, own, strict=True))


def results(
    connection: duckdb.DuckDBPyConnection, feed: Feed, cells: dict[str, list[str]]
) -> list[tuple[str | None, str | None]]:
    """Gives the value of each cell of the first column, written, and the reason that it has none."""
    (name, texts), *_ = cells.items()
    table = CONTRACTS.table("crm", feed.table)
    places = {column: f"c{i}" for i, column in enumerate(table.column_names)}
    lists = {column: cells.get(column, [None] * len(texts)) for column in places}
    unnested = ", ".join(f"unnest(${c}::varchar[]) as {c}" for c in places.values())
    select = project(feed, table, table.column_names, places).select_sql("cells", ["n"])
    connection.execute(
        f"create or replace temp table cells as select row_number() over () as n, {unnested}",
        {places[column]: listed for column, listed in lists.items()},
    )
    return connection.execute(
        f"select cast({name} as varchar), _failure_{name} from ({select}) order by n"
    ).fetchall()
