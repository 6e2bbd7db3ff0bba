"""Positions of one worker and day: the main job before a second one, the later change before an earlier."""

from __future__ import annotations

import pytest

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
