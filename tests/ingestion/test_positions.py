"""Positions of one worker and day: the main job before a second one, the later change before an earlier.

Jobs that HR has ids of are rows of their own.
"""

from __future__ import annotations

import pytest

from ingestion.errors import MappingError

COLUMNS = "worker_id,effective_from,team_id,is_primary,changed_at"


@pytest.fixture
def landed(case):
    """Lands a file of positions and gives the teams that hold, by worker, and what is counted."""

    def land(rows: str, options: str = "", header: str = COLUMNS) -> tuple:
        case.map(f"  positions: {{source: hr, files: 'positions*', columns: same{options}}}")
        case.write("positions.csv", f"{header}\n{rows}\n")
        file = case.land_one()
        teams = dict(case.query("select worker_id, team_id from hr.positions"))
        return teams, file.quarantined, file

    return land


@pytest.mark.parametrize(
    ("rows", "team"),
    [
        # The later change of a day.
        ("1,2026-02-01,A,,2026-02-01T08:00:00Z\n1,2026-02-01,B,,2026-02-01T09:00:00Z", "B"),
        ("1,2026-02-01,A,,2026-02-01T09:00:00Z\n1,2026-02-01,B,,2026-02-01T08:00:00Z", "A"),
        (
            "1,2026-02-01,A,true,2026-02-02\n1,2026-02-01,B,true,2026-02-03\n1,2026-02-01,C,true,",
            "B",
        ),
        # The main job, whenever it was entered.
        ("1,2026-02-01,A,true,2026-02-01\n1,2026-02-01,B,false,2026-02-09", "A"),
        ("1,2026-02-01,A,false,2026-02-09\n1,2026-02-01,B,,2026-02-01", "B"),
        ("1,2026-02-01,A,,2026-02-09\n1,2026-02-01,B,true,2026-02-01", "B"),
        # The same twice is no conflict.
        ("1,2026-02-01,A,true,2026-02-09\n1,2026-02-01,A,true,2026-02-09", "A"),
    ],
)
def test_one_of_a_day_holds(landed, rows: str, team: str) -> None:
    teams, quarantined, _ = landed(rows)
    assert (teams, quarantined) == ({"1": team}, 0)


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ("1,2026-02-01,A,true,2026-02-09\n1,2026-02-01,B,true,2026-02-09", COLUMNS),
        ("1,2026-02-01,A,,\n1,2026-02-01,B,,", COLUMNS),
        ("1,2026-02-01,A\n1,2026-02-01,B", "worker_id,effective_from,team_id"),
    ],
)
def test_what_cannot_be_told_is_set_aside(landed, rows: str, header: str) -> None:
    teams, quarantined, _ = landed(
        rows + "\n2,2026-02-01,C" + "," * (header.count(",") - 2), header=header
    )
    assert (teams, quarantined) == ({"2": "C"}, 2)


def test_a_mapping_can_say_otherwise(landed) -> None:
    rows = "1,2026-02-01,A,true,2026-02-01\n1,2026-02-01,B,false,2026-02-09"
    assert landed(rows, ", latest_by: changed_at")[0] == {"1": "B"}
    assert landed(rows, ", latest_by: [is_primary, changed_at]")[0] == {"1": "A"}


def test_two_jobs_that_begin_on_different_days_are_two_rows(landed, case) -> None:
    landed("1,2026-02-01,A,true,\n1,2026-03-01,B,false,")
    assert case.query("select team_id, is_primary from hr.positions order by 1") == [
        ("A", True),
        ("B", False),
    ]


JOBS = "worker_id,effective_from,job_id,team_id,is_primary,changed_at"


def jobs_landed(case) -> list[tuple]:
    return case.query("select worker_id, job_id, team_id from hr.positions order by all")


def test_two_jobs_that_begin_on_one_day_are_two_rows_by_their_ids(landed, case) -> None:
    # Of two changes of one job the later one holds; the worker with one job has no id of it.
    _, quarantined, file = landed(
        "5,2026-02-01,J1,A,,2026-02-01\n5,2026-02-01,J2,B,,2026-02-01\n"
        "5,2026-02-01,J2,C,,2026-02-02\n4,2026-02-01,,A,,2026-02-01\n4,2026-02-01,,B,,2026-02-02",
        header=JOBS,
    )
    assert jobs_landed(case) == [("4", "", "B"), ("5", "J1", "A"), ("5", "J2", "C")]
    assert (file.accepted, file.duplicates, quarantined) == (3, 2, 0)


def test_two_rows_of_one_job_and_day_are_set_aside_alone(landed, case) -> None:
    _, quarantined, _ = landed(
        "5,2026-02-01,J1,A,,\n5,2026-02-01,J1,B,,\n5,2026-02-01,J2,C,,\n5,2026-02-01,,D,,",
        header=JOBS,
    )
    assert (jobs_landed(case), quarantined) == ([("5", "", "D"), ("5", "J2", "C")], 2)


def test_what_differing_rows_agree_on_keeps_its_job(landed, case) -> None:
    landed(
        "5,2026-02-01,J1,A,,\n5,2026-02-01,J1,B,,\n4,2026-02-01,,A,,\n4,2026-02-01,,B,,",
        ", latest_by: changed_at, on_conflict: null_differing",
        header=JOBS,
    )
    assert jobs_landed(case) == [("4", "", None), ("5", "J1", None)]


def test_a_job_that_ends_in_hr_is_deleted_alone(landed, case) -> None:
    landed("5,2026-02-01,J1,A,,\n5,2026-02-01,J2,B,,", header=JOBS)
    case.write("positions_2.csv", f"{JOBS}\n5,2026-02-01,J1,A,,\n")
    file = case.land().files[-1]
    assert (file.unchanged, file.accepted, file.deleted) == (1, 0, 1)
    deleted = "select worker_id, job_id from hr.positions where _op = 'delete'"
    assert case.query(deleted) == [("5", "J2")]


def test_ids_of_jobs_get_the_prefix_of_ids_and_none_stays_none(case) -> None:
    case.map("  positions: {source: hr, files: 'positions*', columns: same}", "id_prefix: 'x:'")
    case.write("positions.csv", f"{JOBS}\n5,2026-02-01,J1,A,,\n4,2026-02-01,,B,,\n")
    case.land_one()
    assert [row[:2] for row in jobs_landed(case)] == [("x:4", ""), ("x:5", "x:J1")]


def test_a_file_that_lost_the_ids_is_refused(landed, case) -> None:
    landed("5,2026-02-01,J1,A,,\n5,2026-02-01,J2,B,,", header=JOBS)
    case.write("positions_2.csv", f"{COLUMNS}\n5,2026-02-01,A,,\n")
    file = case.land().files[-1]
    assert file.status == "refused"
    assert "lacks the column 'job_id', which earlier extracts filled" in file.message


def test_an_id_that_cannot_be_used_is_not_left_empty(case) -> None:
    case.map(
        "  positions: {source: hr, files: 'positions*', columns: {worker_id: worker_id, "
        "effective_from: effective_from, job_id: {from: job_id, on_invalid: 'null'}}}"
    )
    case.write("positions.csv", f"{JOBS}\n5,2026-02-01,J1,A,,\n")
    with pytest.raises(MappingError, match="knows rows by job_id, so it cannot be left empty"):
        case.land()
