"""The summary of a refresh, as a person reads it."""

import io
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from expectations.raw_suite import raw_checks
from ingestion.casting.reasons import REASONS, WORDS
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home
from orchestration.reports.summary import SET_ASIDE_CHECK, refresh_summary
from orchestration.run.run_records import (
    CheckEntry,
    FileEntry,
    GateEntry,
    QuarantineEntry,
    RunRecord,
)


def entry(source: str, table: str, name: str, **counts) -> FileEntry:
    status = counts.pop("status", "landed")
    return FileEntry(source=source, table_name=table, file_name=name, status=status, **counts)


FILES = (
    entry("crm", "accounts", "a.csv", records=1000, accepted=10, unchanged=985, quarantined=5),
    entry("crm", "opportunities", "o.csv", records=3000, accepted=290, unchanged=2700, deleted=2),
    # One file may feed two tables.
    entry("crm", "users", "o.csv", records=312, accepted=2, unchanged=310),
    entry("crm", "stages", "rows in the mapping", records=6, unchanged=6),
    entry("hr", "workers", "w.csv", records=1, unchanged=1),
)


def check(table: str, name: str, message: str, severity: str = "warn") -> CheckEntry:
    return CheckEntry(table=table, check=name, severity=severity, result="failed", message=message)


UNKNOWN = "12 values of owner_id that users does not have; they count as unknown: owner_id US-1"
WARNINGS = (
    check("crm.opportunities", "owner_id_known", UNKNOWN),
    check("crm.accounts", SET_ASIDE_CHECK, "5 kinds of defect"),
    *(check("core.fct_quota", f"c{i}", f"{i} targets overlap. What to do: x") for i in range(7)),
)


def record(**parts) -> RunRecord:
    started = datetime(2026, 11, 28, tzinfo=UTC)
    return RunRecord(run_id="r1", process_id=1, started_at=started, status="published", **parts)


def shown(record: RunRecord, verbose: bool = False) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(refresh_summary(record, Home(Path("/srv/home")), verbose))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_came_in_stands_in_one_line_a_source():
    lines = shown(record(files=FILES)).splitlines()
    assert lines[:2] == [
        "crm: 2 files, 4,318 records: 302 new or changed, 4,001 unchanged, 5 quarantined, 2 deleted",
        "hr: 1 file, 1 record: 0 new or changed, 1 unchanged",
    ]


def test_a_refused_file_is_told_with_its_reason():
    refused = entry("crm", "users", "u.csv", status="refused", message="it is cut; export it again")
    text = shown(record(files=(*FILES, refused)))
    assert "1 file refused" in text
    assert "refused: u.csv: it is cut; export it again" in text


def test_what_is_doubtful_about_a_file_is_told_without_asking():
    message = "2 records gave way; WARNING: 3 values of amount took the unit of IRR; unused: x"
    text = shown(record(files=(*FILES, entry("crm", "deals", "d.csv", message=message))))
    assert "d.csv: 3 values of amount took the unit of IRR" in map(str.strip, text.splitlines())
    assert "gave way" not in text


def test_files_are_listed_on_request_only():
    assert "a.csv" not in shown(record(files=FILES))
    assert "a.csv" in shown(record(files=FILES), verbose=True)


def test_what_was_set_aside_is_told_in_words():
    kinds = [("amount", "cast_failed"), (None, "ragged_row"), ("stage_id", "required_missing")]
    kinds += [("probability", "out_of_range")]
    quarantined = tuple(
        QuarantineEntry(source="crm", table="accounts", column=column, reason=reason, rows=5 - i)
        for i, (column, reason) in enumerate(kinds)
    )
    text = shown(record(files=FILES, quarantined=quarantined))
    assert "5 records quarantined, in full in /srv/home/quarantine/r1:" in text
    assert (
        "crm.accounts: 5 amount not of its type, 4 with too many or too few fields, "
        "3 stage_id missing, and 1 more reason"
    ) in text
    assert "2 probability out of range" in shown(
        record(files=FILES, quarantined=quarantined), verbose=True
    )


def test_every_reason_has_words():
    assert set(WORDS) == set(REASONS)


def test_warnings_are_counted_and_told_in_words():
    gates = (GateEntry(gate="raw", passed=True, checks=592, not_passed=WARNINGS),)
    text = shown(record(files=FILES, gates=gates))
    # What was set aside is told once, as quarantined.
    assert "8 warnings, which stop nothing:" in text
    assert "crm.opportunities: 12 values of owner_id that users does not have\n" in text
    assert "core.fct_quota: 0 targets overlap\n" in text
    assert "and 3 more warnings" in text
    assert "none failed" in text
    assert "not passed" not in text
    assert "6 targets overlap" in shown(record(files=FILES, gates=gates), verbose=True)


def test_a_check_that_failed_says_what_to_do():
    failed = check("core.fct_deal", "rate", "2 deals have no rate. What to do: land it", "block")
    gates = (GateEntry(gate="core", passed=False, checks=77, not_passed=(*WARNINGS, failed)),)
    text = shown(record(gates=gates))
    assert "2 deals have no rate. What to do: land it" in text
    assert "1 failed" in text


def test_a_check_that_broke_is_not_told_as_a_finding():
    broken = CheckEntry(
        table="core.x", check="c", severity="warn", result="broken", message="no such column: y"
    )
    gates = (GateEntry(gate="core", passed=True, checks=1, not_passed=(broken,)),)
    assert "core.x: could not be checked: no such column: y" in shown(record(gates=gates))


def test_the_raw_gate_has_the_check_that_repeats_the_quarantine():
    names = {check.name for check in raw_checks(load_contracts(), "r1")}
    assert SET_ASIDE_CHECK in names


def test_values_that_were_left_empty_are_told_with_their_reasons():
    files = (entry("crm", "accounts", "a.csv", records=9, accepted=9, emptied=3),)
    emptied = tuple(
        QuarantineEntry(source="crm", table="accounts", column=column, reason=reason, rows=rows)
        for column, reason, rows in (
            ("annual_revenue", "out_of_range", 2),
            ("employee_count", "cast_failed", 1),
        )
    )
    warned = check("landing.files", "nothing_emptied", "2 columns of which values were left empty")
    gates = (GateEntry(gate="raw", passed=True, checks=592, not_passed=(warned,)),)
    text = shown(record(files=files, emptied=emptied, gates=gates))
    assert "9 new or changed, 0 unchanged, 3 values left empty" in text
    assert "3 values left empty, their records kept, in full in /srv/home/quarantine/r1:" in text
    told = "crm.accounts: 2 annual_revenue out of range, 1 employee_count not of its type"
    assert told in text
    # It is told once.
    assert "warning" not in text


def test_the_raw_gate_warns_of_values_that_were_left_empty():
    found = {each.name: each for each in raw_checks(load_contracts(), "r1")}["nothing_emptied"]
    assert (found.severity, found.table_name) == ("warn", "files")
    assert "run_id = 'r1'" in found.failing_rows
