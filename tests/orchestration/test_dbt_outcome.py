"""What a refresh says of a dbt run that failed; the events are as dbt 1.11 writes them."""

from pathlib import Path
from typing import Any

from orchestration.defs.dbt_outcome import DbtOutcome

from orchestration.errors import ExitCode, exit_code_of

LOG = Path("dbt.log")


def event(name: str, node: str | None = None, level: str = "error", **data: Any) -> dict[str, Any]:
    where = {"node_info": {"unique_id": node}} if node else {}
    return {
        "info": {"name": name, "level": level, "msg": data.get("msg", "")},
        "data": {**data, **where},
    }


def outcome(*events: dict[str, Any]) -> DbtOutcome:
    result = DbtOutcome()
    for one in events:
        result.observe(one)
    return result


FAILED_TEST = [
    event("LogTestResult", "test.salesops.assert_no_gap", status="fail"),
    event("RunResultFailure", "test.salesops.assert_no_gap"),
    event("RunResultError", "test.salesops.assert_no_gap", msg="Got 7 results"),
]
BROKEN_MODEL = [
    event("LogModelResult", "model.salesops.fct_opportunity", status="error"),
    event(
        "RunResultError",
        "model.salesops.fct_opportunity",
        msg="Conversion Error: Could not convert string 'jane@example.com'\n to INT32",
    ),
]


def test_a_failed_test_counts_as_a_gate():
    error = outcome(*FAILED_TEST).error(1, LOG)
    assert exit_code_of(error) == ExitCode.GATE_FAILED
    assert "1 dbt tests failed: assert_no_gap (Got 7 results)" in error.message


def test_a_broken_model_is_unexpected_and_its_values_are_masked():
    error = outcome(*FAILED_TEST, *BROKEN_MODEL).error(1, LOG)
    assert exit_code_of(error) == ExitCode.UNEXPECTED
    assert (
        "fct_opportunity (Conversion Error: Could not convert string '***' to INT32)"
        in error.message
    )
    assert "jane" not in error.message


def test_an_error_before_any_model():
    error = outcome(event("MainEncounteredError", msg="Could not set lock on file")).error(2, LOG)
    assert exit_code_of(error) == ExitCode.UNEXPECTED
    assert error.message == "dbt ended with code 2: Could not set lock on file. dbt.log"


def test_what_went_well_is_no_failure():
    fine = event("LogModelResult", "model.salesops.dim_date", level="info", status="success")
    assert outcome(fine) == DbtOutcome()
