"""Records of one key that differ: what is kept, what is told, and that each counts once."""

from __future__ import annotations

from decimal import Decimal

import pytest

FEED = (
    "  opportunities:\n    files: 'deals*'\n{options}    columns:\n"
    "      opportunity_id: Id\n      stage_id: Stage\n      amount: Amount\n"
    "      account_id: Company\n      modified_at: Mod\n"
)
HEADER = "Id,Stage,Amount,Company,Mod\n"
ROWS = (
    "1,won,120,north,2026-02-11\n"
    "1,won,120,south,2026-02-11\n"
    "2,won,45,north,2026-02-11\n"
    "1,won,120,north,2026-02-11\n"
    "1,won,,north,2026-02-10\n"
)


@pytest.fixture
def landed(case):
    """Lands deals and gives what is known of each, the counts of the file and what is told."""

    def land(content: str, options: str):
        lines = "".join(f"    {line.strip()}\n" for line in options.split("\n") if line)
        case.map(FEED.format(options=lines))
        case.write("deals.csv", HEADER + content)
        file = case.land_one()
        known = case.query(
            "select opportunity_id, stage_id, amount, account_id from crm.opportunities order by 1"
        )
        return known, (file.records, file.accepted, file.quarantined), file.message

    return land


ONE, TWO = ("1", "won", Decimal("120.00"), "north"), ("2", "won", Decimal("45.00"), "north")
RULES = [
    ("", [TWO], (5, 1, 4), None),
    ("on_conflict: refuse", [TWO], (5, 1, 4), None),
    ("on_conflict: first", [ONE, TWO], (5, 2, 0), "2 records gave way to the first"),
    ("on_conflict: last", [("1", "won", None, "north"), TWO], (5, 2, 0), "3 records gave way"),
    ("on_conflict: null_differing", [("1", "won", None, None), TWO], (5, 2, 0), "3 records were put"),
    # Three are equally late: two companies, and one of them twice.
    ("latest_by: modified_at", [TWO], (5, 1, 4), None),
    ("latest_by: modified_at\non_conflict: first", [ONE, TWO], (5, 2, 0), "2 records gave way"),
    ("latest_by: modified_at\non_conflict: last", [ONE, TWO], (5, 2, 0), "2 records gave way"),
    (
        "latest_by: modified_at\non_conflict: null_differing",
        [("1", "won", Decimal("120.00"), None), TWO], (5, 2, 0), "3 records were put",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("options", "known", "counts", "told"), RULES)
def test_the_rule_says_what_is_kept(landed, options, known, counts, told) -> None:
    found = landed(ROWS, options)
    assert found[:2] == (known, counts)
    assert (told in found[2]) if told else found[2] is None


@pytest.mark.parametrize("rule", ["refuse", "first", "last", "null_differing"])
def test_exact_repeats_collapse_under_any_rule(landed, rule: str) -> None:
    found = landed("1,won,120,north,\n" * 3, f"on_conflict: {rule}")
    assert found == ([ONE], (3, 1, 0), None)


def test_what_must_be_filled_is_not_emptied(landed) -> None:
    """The stage is required, and the two do not agree on it."""
    found = landed("1,won,1,a,\n1,lost,1,b,\n2,won,1,a,\n", "on_conflict: null_differing")
    assert found[1] == (3, 1, 2)


@pytest.mark.parametrize("rule", ["first", "last", "null_differing"])
def test_the_same_file_again_changes_nothing(landed, case, rule: str) -> None:
    landed(ROWS, f"on_conflict: {rule}")
    before = case.sizes()
    assert case.land_one().status == "unchanged"
    assert case.sizes() == before


def test_records_of_several_times_are_no_conflict(landed) -> None:
    found = landed(
        "1,won,120,north,2026-02-11\n1,open,120,north,2026-02-10\n1,won,90,north,2026-02-11\n",
        "kind: delta\nextracted_at: {column: modified_at}\non_conflict: last",
    )
    assert found[0] == [
        ("1", "open", Decimal("120.00"), "north"),
        ("1", "won", Decimal("90.00"), "north"),
    ]


def test_a_table_in_which_all_must_be_filled_has_nothing_to_empty(case) -> None:
    case.map("  fx_rates: {files: 'rates*', columns: same, on_conflict: null_differing}")
    row = "2026-02-10,EUR,USD,"
    case.write(
        "rates.csv",
        f"rate_date,from_currency,to_currency,rate\n{row}1.1\n{row}1.2\n2026-02-11,EUR,USD,1.3\n",
    )
    file = case.land_one()
    assert (file.status, file.accepted, file.quarantined) == ("landed", 1, 2)


DIFFERENT = "1,won,120,north,2026-02-11\n1,won,130,north,2026-02-11\n2,won,1,x,\n"
BY_LATEST, BY_ORDER, BY_EMPTYING = "with latest_by", "on_conflict: first or last", "null_differing"


@pytest.mark.parametrize(
    ("options", "said", "unsaid"),
    [
        ("", [BY_LATEST, BY_ORDER, BY_EMPTYING], ["cannot tell", "earlier extract"]),
        ("on_conflict: refuse", [BY_LATEST, BY_ORDER, BY_EMPTYING], ["cannot tell"]),
        (
            "latest_by: modified_at",
            ["modified_at (latest_by) cannot tell", BY_ORDER, BY_EMPTYING],
            [BY_LATEST],
        ),
        (
            "latest_by: [modified_at, stage_id]",
            ["modified_at and stage_id (latest_by) cannot tell", BY_ORDER],
            [BY_LATEST],
        ),
        ("kind: events", ["here or in an earlier extract", BY_LATEST], []),
    ],
)
def test_the_advice_is_what_the_mapping_does_not_say_yet(
    landed, case, options: str, said: list[str], unsaid: list[str]
) -> None:
    landed(DIFFERENT, options)
    messages = set(case.query("select message from landing.quarantine"))
    ((message,),) = messages
    assert [part for part in said if part not in message] == []
    assert [part for part in unsaid if part in message] == []


def test_the_advice_on_what_cannot_be_emptied(landed, case) -> None:
    landed("1,won,1,a,\n1,lost,1,b,\n2,won,1,a,\n", "on_conflict: null_differing")
    ((message,),) = set(case.query("select message from landing.quarantine"))
    assert "null_differing cannot empty; set on_conflict: first or last" in message


def test_the_advice_on_events_that_an_earlier_extract_tells_otherwise(landed, case) -> None:
    options = "kind: events\non_conflict: last"
    landed("1,won,1,a,\n2,won,1,a,\n", options)
    case.write("deals.csv", HEADER + "1,won,2,a,\n2,won,1,a,\n")
    assert case.land_one().quarantined == 1
    ((message,),) = case.query("select message from landing.quarantine")
    assert message.startswith("an earlier extract tells this event otherwise")


@pytest.mark.parametrize(
    ("header", "rows", "said", "unsaid"),
    [
        (
            "",
            "",
            ["map job_id, which", "map is_primary or changed_at, by which"],
            ["cannot tell", BY_LATEST],
        ),
        (",job_id", ",j", ["map is_primary or changed_at, by which"], ["map job_id", BY_LATEST]),
        (
            ",changed_at",
            ",2026-02-01",
            ["changed_at (latest_by) cannot tell", "map job_id, which", "map is_primary, by"],
            [BY_LATEST],
        ),
        (
            ",is_primary,changed_at,job_id",
            ",true,2026-02-01,j",
            ["is_primary and changed_at (latest_by) cannot tell", BY_ORDER],
            ["map ", BY_LATEST],
        ),
    ],
)
def test_the_advice_on_positions(case, header: str, rows: str, said, unsaid) -> None:
    case.map("  positions: {source: hr, files: 'positions*', columns: same}")
    case.write(
        "positions.csv",
        f"worker_id,effective_from,team_id{header}\n"
        f"1,2026-02-01,A{rows}\n1,2026-02-01,B{rows}\n2,2026-02-01,B{rows}\n",
    )
    case.land()
    ((message,),) = set(case.query("select message from landing.quarantine"))
    assert [part for part in said if part not in message] == []
    assert [part for part in unsaid if part in message] == []
