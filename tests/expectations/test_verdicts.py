"""What a gate says of checks that do not work, what it never shows, and what it leaves behind."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gate_home import change, databases, not_passed, run

from expectations.check import Check
from expectations.data_tests import DataTest, as_check
from expectations.gates import run_suite, write_docs
from expectations.results import CheckResult, GateResult
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home

ROOT = Path(__file__).resolve().parents[2]


def judge(home: Home, *checks: Check) -> GateResult:
    return run_suite("core", checks, home, "r1", databases=databases(home), scope=None)


def rule(name: str, query: str, severity: Any = "block") -> Check:
    return Check("crm", "users", name, query, "rows", "fix them", severity)


def by_name(result: GateResult) -> dict[str, CheckResult]:
    return {check.check_name: check for check in result.checks}


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("select nothing from {batch}", "Binder Error"),
        ("selec user_id from {batch}", "Parser Error"),
        ("select 1 from raw.crm.gone", "Catalog Error"),
    ],
)
def test_only_the_broken_check_is_broken(broken: str, says: str, sound_home: Home):
    result = judge(
        sound_home,
        rule("first", "select user_id from {batch} where user_id = 'none'"),
        rule("second", broken),
        rule("third", "select user_id from {batch}"),
    )
    assert [c.result for c in result.checks] == ["passed", "broken", "failed"]
    assert {c.rows_checked for c in result.checks} == {1}
    assert says in by_name(result)["second"].message
    assert by_name(result)["third"].sample == ({"user_id": "u1"},)
    assert not result.passed


def test_a_check_whose_answer_is_missing_is_broken(
    sound_home: Home, monkeypatch: pytest.MonkeyPatch
):
    from expectations.statements import TableChecks

    counting = TableChecks.counting_alone
    monkeypatch.setattr(
        TableChecks,
        "counting_alone",
        lambda self, check: (
            counting(self, check) + " having false"
            if check.name == "lost"
            else counting(self, check)
        ),
    )
    result = judge(
        sound_home,
        rule("kept", "select user_id from {batch} where false"),
        rule("lost", "select user_id from {batch} where false"),
    )
    assert {name: c.result for name, c in by_name(result).items()} == {
        "kept": "passed",
        "lost": "broken",
    }
    assert not result.passed


@pytest.mark.parametrize(
    "query",
    [
        "select user_id from {batch} where cast(email as date) > date '2020-01-01'",
        "select user_id from {batch} where cast(email as integer) = 1",
        "select user_id from {batch} where strptime(email, '%Y') is null",
    ],
)
@pytest.mark.usefixtures("pages")
def test_the_error_of_a_broken_check_quotes_no_value(query: str, sound_home: Home):
    result = judge(sound_home, rule("odd", query))
    (found,) = result.checks
    assert found.result == "broken"
    assert "Error" in found.message
    for path in (sound_home.runs / "r1").rglob("*"):
        if path.is_file():
            assert b"canary" not in path.read_bytes(), path


def test_rows_whose_columns_cannot_be_shown_are_counted(sound_home: Home):
    (found,) = judge(sound_home, rule("odd", "select cast(email as date) as d from {batch}")).checks
    assert (found.result, found.rows_failed, found.sample) == ("failed", 1, ())


def test_statements_may_hold_braces_colons_percents_and_comments(sound_home: Home):
    query = "select user_id from {batch} where regexp_matches(':a {x} 12:30 %', '[a]{1} %s') -- end"
    (found,) = judge(sound_home, rule("odd", query + ";\n")).checks
    assert (found.result, found.rows_failed) == ("passed", 0)


DATA_TESTS = [
    (
        "core.fct_opportunity",
        "select * from warehouse.core.fct_opportunity",
        {"opportunity_id": "d1"},
    ),
    (
        "core.dim_sales_rep",
        "select email as unique_field, count(*) as n_records from raw.crm.users group by email",
        {"n_records": "1"},
    ),
    (
        "core.dim_sales_rep",
        "select user_id as unique_field, count(*) as n_records from raw.crm.users group by all",
        {"unique_field": "u1"},
    ),
    ("core.dim_sales_rep", "select lower(email) as x, email from raw.crm.users", None),
    ("restricted.fct_credit", "select 'd1' as opportunity_id from (values (1))", None),
    ("staging.stg_hr__workers", "select 'd1' as opportunity_id from (values (1))", None),
    ("staging.stg_payroll__draws", "select 'd1' as opportunity_id from (values (1))", None),
    (
        "core.dim_sales_rep",
        "select 'd1' as opportunity_id from (values (1)) "
        'where not exists (select * from "restricted"."restricted"."fct_credit")',
        None,
    ),
]


@pytest.mark.parametrize(("table", "sql", "shown"), DATA_TESTS)
def test_a_data_test_shows_no_personal_or_pay_value(
    table: str, sql: str, shown: dict[str, str] | None, sound_home: Home
):
    test = DataTest("a_test", table, sql)
    (found,) = judge(sound_home, as_check(test, load_contracts())).checks
    assert found.result == "failed"
    assert found.rows_failed
    assert "canary" not in str(found)
    if shown is None:
        assert found.sample == ()
    else:
        assert shown.items() <= {k: str(v) for k, v in found.sample[0].items()}.items()


@pytest.mark.usefixtures("pages")
def test_a_page_is_written_only_where_somebody_must_look(sound_home: Home):
    change(sound_home, "update crm.opportunities set owner_id = 'ghost'", "raw")
    assert run("raw", sound_home).passed
    assert not (sound_home.runs / "r1" / "data_docs").exists()
    change(sound_home, "update crm.opportunities set stage_id = null", "raw")
    run("raw", sound_home, run_id="r2")
    page = sound_home.runs / "r2" / "data_docs" / "raw"
    text = "".join(path.read_text() for path in page.rglob("*.html"))
    assert "stage_id_as_in_contract: there are no" in text
    assert "crm.users" not in text


@pytest.mark.usefixtures("pages")
def test_pages_share_one_copy_of_their_static_files(sound_home: Home):
    change(sound_home, "update crm.opportunities set stage_id = null", "raw")
    for run_id in ("r1", "r2"):
        run("raw", sound_home, run_id=run_id)
    pages = [sound_home.runs / run_id / "data_docs" / "raw" for run_id in ("r1", "r2")]
    for page in pages:
        assert (page / "static").is_symlink()
        assert list((page / "static" / "styles").glob("*.css"))
    assert (pages[0] / "static").resolve() == (pages[1] / "static").resolve()


def test_docs_on_demand_show_every_check_and_keep_nothing_else(sound_home: Home):
    page = write_docs("marts", sound_home, load_contracts(), databases=databases(sound_home))
    assert page == sound_home.root / "docs" / "marts" / "index.html"
    text = "".join(path.read_text() for path in page.parent.rglob("*.html"))
    assert "metrics_are_catalogued: there are no" in text
    assert "every_deal_once: there are no" in text
    assert list(sound_home.runs.iterdir()) == []
    assert not_passed(run("marts", sound_home)) == {}


def test_great_expectations_is_imported_without_what_it_does_not_use():
    """Altair and SciPy come when asked for; PySpark ends a process without a main module's file."""
    code = (
        "import sys, expectations.runner\n"
        "unused = ('pyspark', 'scipy', 'altair')\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in unused))\n"
        "from great_expectations.expectations.core import "
        "expect_column_kl_divergence_to_be_less_than as late\n"
        "print(round(late.stats.entropy([1, 1]), 3), late.alt.Chart.__name__)\n"
        "import scipy.stats, altair\n"
        "print(scipy.stats.norm.cdf(0), altair.Chart.__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n0.693 Chart\n0.5 Chart\n", done.stderr
