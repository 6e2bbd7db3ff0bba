"""A company of Tehran, in the files of its own systems, gives what the same rows in plain form give.

Jalali dates, Persian digits, mixed letters, toman, windows-1256, dBase tables and workbooks on one
side; the contract's own columns, ISO dates, rials and times of UTC on the other. That the answer key
holds for it too is tested where it is for every demo (test_demo_answer_key.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from demo_key import PERSIAN, ROOT, Demo, expected
from warehouse_testbed import landed, read_warehouse

from ingestion.company.settings import load_company

pytestmark = [
    pytest.mark.minutes(2),
    pytest.mark.parametrize("demo", [PERSIAN], ids=str, indirect=True),
]
# What tells of runs and files, which are not the same files.
OF_RUNS = {"data_quality"}


@pytest.fixture(scope="module")
def plain_home(
    demo: Demo,
    demo_company: Path,
    demo_home: Path,
    models: Models,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The plain twin's home.

    All its nights land at once and its models are built without dbt, where the Persian home was
    refreshed night by night; the marts must not show it.
    """
    home = tmp_path_factory.mktemp("plain_home")
    assert len(list((demo_company / "plain").iterdir())) == demo.nights
    # Members without a user of the CRM have pseudonyms by the home's own key.
    shutil.copy(demo_home / "pseudonym.key", home)
    canonical = (ROOT / "ingestion" / "mapping" / "shipped" / "canonical.yml").read_text(
        encoding="utf-8"
    )
    mapping, source = home / "plain.yml", "source_system: canonical\n"
    assert source in canonical
    # The nights begin in Tehran; times within the files say that they are of UTC.
    in_tehran = canonical.replace(source, f"{source}time_zone: Asia/Tehran\n")
    mapping.write_text(in_tehran, encoding="utf-8")
    settings = load_company(demo_company / "company.yml")
    landed(home, str(mapping), demo_company / "plain", settings)
    models.build(home)
    return home


@pytest.fixture(scope="module")
def twins(demo_home: Path, plain_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for store in ("marts", "restricted"):
            for name, folder in (("fa", demo_home / "published"), ("plain", plain_home)):
                path = folder / f"{store}.duckdb"
                connection.execute(f"attach '{path}' as {name}_{store} (read_only)")
        yield connection


@pytest.mark.parametrize("store", ["marts", "restricted"])
def test_every_published_table_is_the_same_value_for_value(
    twins: duckdb.DuckDBPyConnection, store: str
):
    tables = {
        name: [
            (schema, table)
            for schema, table in twins.execute(
                "select schema_name, table_name from duckdb_tables() "
                "where database_name = ? order by all",
                [f"{name}_{store}"],
            ).fetchall()
            if table not in OF_RUNS
        ]
        for name in ("fa", "plain")
    }
    assert tables["fa"] == tables["plain"]
    assert len(tables["fa"]) > 5
    differing = {}
    filled = 0
    for schema, table in tables["fa"]:
        fa, plain = (f'{name}_{store}."{schema}"."{table}"' for name in ("fa", "plain"))
        (rows,) = twins.execute(f"select count(*) from {plain}").fetchall()[0]
        filled += rows > 0
        # `all` counts how often a row stands there.
        apart = f"(from {fa} except all from {plain}) union all (from {plain} except all from {fa})"
        found = twins.execute(f"select * from ({apart}) limit 2").fetchall()
        if found:
            differing[table] = found
    assert differing == {}
    assert filled > 0.6 * len(tables["fa"])


def test_the_company_counts_by_its_own_calendar(demo_home: Path, twins: duckdb.DuckDBPyConnection):
    with read_warehouse(demo_home) as warehouse:
        days = dict(
            warehouse.execute(
                "select date_day, is_business_day from core.dim_date "
                "where date_day between date '2025-11-20' and date '2026-01-04'"
            ).fetchall()
        )
    # A Thursday, a Friday, a Saturday and a Sunday; the martyrdom of Fatima; and a holy Saturday.
    weekend = [days[date(2025, 11, 27)], days[date(2025, 11, 28)]]
    working = [days[date(2025, 11, 29)], days[date(2025, 11, 30)]]
    assert (weekend, working) == ([False, False], [True, True])
    assert not days[date(2025, 11, 24)] and not days[date(2026, 1, 3)]
    starts = twins.execute(
        "select distinct period_start, period_label from fa_marts.marts.mart_conversion "
        "where period_grain = 'quarter' and period_start >= date '2025-03-21' order by all"
    ).fetchall()
    # First days of spring, summer, autumn and winter of 1404.
    assert starts == [
        (date(2025, 3, 21), "1404-Q1"),
        (date(2025, 6, 22), "1404-Q2"),
        (date(2025, 9, 23), "1404-Q3"),
        (date(2025, 12, 22), "1404-Q4"),
    ]


def test_the_numbers_are_those_of_the_key_to_the_rial(
    demo_company: Path, twins: duckdb.DuckDBPyConnection
):
    """The twins agree; that they agree on what the simulator knows is asked of one sum here."""
    key = [
        row["won_value"]
        for row in expected(demo_company, "metrics_by_month")
        if row["level"] == "company"
    ]
    found = twins.execute(
        "select cast(won_value as varchar) from fa_marts.marts.mart_conversion "
        "where basis = 'restated' and period_grain = 'month' and level = 'company' "
        "order by period_start"
    ).fetchall()
    assert [value for (value,) in found] == key
    assert max(float(value) for value in key) > 1e11
