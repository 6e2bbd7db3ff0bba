"""Records in lists within lists: each inner item is a record that can read what is around it."""

from __future__ import annotations

import json

import pytest

from ingestion.checking.mappings import load_mapping
from ingestion.errors import ExtractError, MappingError

DEALS = {
    "page": {"number": 7},
    "results": [
        {
            "id": 11,
            "owner": {"name": 'Odd, "One"', "team": "north"},
            "steps": [
                {"to": "open", "at": "2026-02-01T08:00:00Z"},
                {"to": "won", "at": "2026-02-03T08:00:00Z"},
            ],
        },
        {"id": "12", "steps": []},
        {"id": 13},
        {"id": 14, "owner": None, "steps": [{"to": "lost", "at": "2026-02-05T08:00:00Z"}]},
    ],
}
# Each record is told by its own path, the deal around it, the deal's owner and the page.
FEED = """  opportunity_field_history:
    files: 'steps*'
    kind: events
    {records}
    columns:
      history_id: {{key_of: ["^.id", to]}}
      opportunity_id: {{path: ^.id}}
      field_name: {{constant: stage_id}}
      new_value: {{path: $.to}}
      old_value: {{path: ^.owner.team}}
      changed_at: at
      changed_by_id: {{path: ^^.page.number, optional: true}}
"""
ROWS = [
    ("11", "open", "north", "7"),
    ("11", "won", "north", "7"),
    ("14", "lost", None, "7"),
]


@pytest.fixture
def landed(case):
    """Lands one file of steps."""

    def land(name: str, content: str, records: str) -> tuple:
        feed = FEED.format(records=f"records: {records}")
        if records.count("[*]") + 1 - records.endswith("[*]") < 2:
            feed = feed.replace("^^.page.number", "$.page")
        case.map(feed)
        case.write(name, content)
        return case.land_one(), case

    return land


def rows(case) -> list[tuple]:
    return case.query(
        "select opportunity_id, new_value, old_value, changed_by_id "
        "from crm.opportunity_field_history order by all"
    )


@pytest.mark.parametrize(
    ("wrap", "path"),
    [
        (lambda d: d, "$.results[*].steps[*]"),
        (lambda d: d, "$.results[*].steps"),
        (
            lambda d: (
                d
                | {"results": [{**r, "in": {"log": r.get("steps"), "x": 1}} for r in d["results"]]}
            ),
            "$.results[*].in.log[*]",
        ),
        (
            lambda d: d | {"results": [{**r, "parts": [r.get("steps")]} for r in d["results"]]},
            "$.results[*].parts[0][*]",
        ),
    ],
)
def test_columns_read_the_record_and_what_is_around_it(landed, wrap, path) -> None:
    file, case = landed("steps.json", json.dumps(wrap(DEALS)), path)
    assert (file.status, file.records, file.accepted) == ("landed", 3, 3), file.message
    assert rows(case) == ROWS


def test_in_lines_each_line_is_a_document(landed) -> None:
    lines = "".join(json.dumps(deal) + "\n" for deal in DEALS["results"])
    file, case = landed("steps.jsonl", lines, "$.steps[*]")
    assert (file.records, file.accepted) == (3, 3)
    assert rows(case) == [(*row[:3], None) for row in ROWS]


def test_three_levels_and_a_list_as_the_document(landed) -> None:
    document = [{"page": {"number": 7}, "results": DEALS["results"]}]
    _, case = landed("steps.json", json.dumps(document), "$[*].results[*].steps[*]")
    assert rows(case) == ROWS


@pytest.mark.parametrize(
    ("deals", "line"),
    [
        ([{"id": 1, "steps": [{"to": "a", "at": "2026-02-01"}, 5]}], 2),
        ([{"id": 1, "steps": [{"to": "a", "at": "2026-02-01"}, {"to": "b", "at": "soon"}]}], 2),
        ([{"id": 1, "steps": [{"to": "a", "at": "2026-02-01"}]}, {"id": 2, "steps": {"to": 3}}], 2),
        ([{"id": 1, "steps": [{"to": "a", "at": "2026-02-01"}]}, None], 2),
        (
            [
                {"id": "\0", "steps": [{"to": "a"}]},
                {"id": 2, "steps": [{"to": "a", "at": "2026-02-01"}]},
            ],
            1,
        ),
        ([{"id": 1, "steps": [{"to": "a", "at": "2026-02-01"}, {"to": "b", "^.id": 3}]}], 2),
    ],
)
def test_what_is_wrong_with_one_record_sets_that_one_aside(landed, deals, line) -> None:
    file, case = landed("steps.json", json.dumps({"results": deals}), "$.results[*].steps[*]")
    assert (file.records, file.accepted, file.quarantined) == (2, 1, 1), file.message
    assert case.query("select line from landing.quarantine") == [(line,)]


def test_lines_of_rejected_records_are_those_of_the_file(landed) -> None:
    lines = '{"id": 1, "steps": [{"to": "a", "at": "2026-02-01"}]}\n\n{"id": 2, "steps": 5}\n7\n'
    file, case = landed("steps.jsonl", lines, "$.steps")
    assert (file.records, file.quarantined) == (3, 2)
    assert case.query("select line from landing.quarantine order by 1") == [(3,), (4,)]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "$.results[*].stesp[*]",
            r"none of 4 objects has a list at \$\.results\[\*\]\.stesp.*'steps'",
        ),
        ("$.result[*].steps[*]", "no 'result' in the JSON document.*'results'"),
        ("$.page[*].steps[*]", r"no list at records: \$\.page"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(landed, path, message) -> None:
    file, _ = landed("steps.json", json.dumps(DEALS), path)
    assert file.status == "refused"
    with pytest.raises(ExtractError, match=message):
        raise ExtractError(file.message or "")


@pytest.mark.parametrize("path", ["$.a[", "$.a[*", "$.a b..c[x]"])
def test_a_path_that_is_none_is_told_with_its_line(case, path) -> None:
    case.map(FEED.format(records=f"records: '{path}'"))
    with pytest.raises(MappingError, match=r"case.yml:\d+: .*is no path"):
        load_mapping(str(case.mapping_file))


@pytest.mark.parametrize("records", ["records: $.results[*]", "records: $", ""])
def test_an_object_further_out_than_there_are_is_told(case, records) -> None:
    case.map(FEED.format(records=records))
    with pytest.raises(MappingError, match=r"case.yml:\d+: .*further out than there are"):
        load_mapping(str(case.mapping_file))


def test_what_is_around_a_plain_list_can_be_read_too(case) -> None:
    case.map(
        "  products:\n    files: 'p*'\n    records: $.data\n    extracted_at: {column: '^.at'}\n"
        "    columns: {product_id: id, product_name: {path: ^.catalogue.name}}\n"
    )
    document = {"at": "2026-02-01T00:00:00Z", "catalogue": {"name": "Wide"}, "data": [{"id": 1}]}
    case.write("p.json", json.dumps(document))
    assert case.land_one().accepted == 1
    assert case.state("product_id, product_name") == [("1", "Wide")]


def test_objects_around_many_records_are_not_copied_into_each(case, tmp_path) -> None:
    """The list itself stands in the object around a record, and must not come along."""
    case.map(
        FEED.format(records="records: $.results[*].in.steps[*]").replace(
            "^.owner.team", "^.in.kind"
        )
    )
    steps = [{"to": f"s{i}", "at": "2026-02-01"} for i in range(20_000)]
    document = {"results": [{"id": 1, "in": {"kind": "k", "steps": steps}}]}
    case.write("steps.json", json.dumps(document))
    assert case.land_one().accepted == 20_000
