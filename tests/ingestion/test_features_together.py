"""Features of one feed that meet: each alone is right, and so must be what they do together."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import openpyxl
import pytest

from ingestion.checking.mappings import load_mapping
from ingestion.errors import MappingError

HISTORY = """  opportunity_field_history:
    files: "changes*.csv"
    kind: events
    columns:
      history_id: id
      opportunity_id: deal
      field_name: field
      old_value: old
      new_value: new
      changed_at: at
"""


@pytest.mark.parametrize("written", ["Amount", "AMOUNT", " amount "])
def test_changes_of_a_field_in_any_spelling_keep_their_values(case, written) -> None:
    case.map(HISTORY, "normalize: [case, spaces]")
    row = f"1,D1,{written},10,20,2026-03-01T10:00:00Z\n2,D1,{written},x,y,2026-03-01T11:00:00Z\n"
    case.write("changes.csv", "id,deal,field,old,new,at\n" + row)
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (1, 1)
    changes = case.query(
        "select field_name, old_value, new_value from crm.opportunity_field_history"
    )
    assert changes == [("amount", "10.00", "20.00")]


def test_a_day_that_is_left_empty_decides_no_unit(case) -> None:
    case.map("""  opportunities:
    files: "deals*.csv"
    columns:
      opportunity_id: id
      stage_id: {constant: s1}
      created_date: {from: created, on_invalid: null}
      amount:
        from: amount
        by: created_date
        unit: [{unit: toman, until: 2026-06-30}, {unit: rial}]
""")
    case.write("deals.csv", "id,created,amount\n1,2026-03-01,10\n2,2062-03-01,10\n3,xx,10\n")
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (1, 2)
    assert case.query("select opportunity_id, cast(amount as int) from crm.opportunities") == [
        ("1", 100)
    ]
    unknown = "select count(*) from landing.quarantine where reason = 'unit_unknown'"
    assert case.query(unknown) == [(2,)]


def test_two_sheets_of_one_file_are_two_lookups(case) -> None:
    case.map("""  opportunities:
    files: "deals*.csv"
    columns:
      opportunity_id: id
      stage_id: {constant: s1}
      lead_source: {lookup: {files: codes.xlsx, sheet: source, key: id, value: name}}
      deal_type: {lookup: {files: codes.xlsx, sheet: type, key: id, value: name}}
""")
    book = openpyxl.Workbook()
    for title, value in (("source", "Fair"), ("type", "Renewal")):
        sheet = book.create_sheet(title)
        sheet.append(["id", "name"])
        sheet.append(["1", value])
    book.save(case.folder / "codes.xlsx")
    case.write("deals.csv", "id\n1\n")
    case.land()
    assert case.query("select lead_source, deal_type from crm.opportunities") == [
        ("Fair", "Renewal")
    ]


LOOKUPS = """  opportunities:
    files: "deals*.csv"
    columns:
      opportunity_id: id
      stage_id: {constant: s1}
      lead_source: {lookup: {files: "sources*.csv", key: id, value: v}}
      deal_type: {lookup: {files: "types*.csv", key: id, value: v}}
"""


def test_a_corrected_lookup_file_counts_beside_one_of_a_later_day(case) -> None:
    def on(day: int, hour: int = 2) -> datetime:
        return datetime(2026, 3, day, hour, tzinfo=UTC)

    case.map(LOOKUPS)
    case.write("sources1.csv", "id,v\n1,wrong\n", on(1))
    case.write("deals.csv", "id\n1\n", on(2))
    case.write("types9.csv", "id,v\n1,New\n", on(9))
    case.land()
    case.write("sources1.csv", "id,v\n1,right\n", on(1, 3))
    case.land()
    newest = "select lead_source from crm.opportunities order by _extract_id desc limit 1"
    assert case.query(newest) == [("right",)]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_of_lookup_files_of_one_time_the_one_written_last_holds(case, order) -> None:
    case.map(
        """  opportunities:
    files: "deals*.csv"
    columns:
      opportunity_id: id
      stage_id: {constant: s1}
      lead_source: {lookup: {files: "codes*.csv", kind: delta, key: id, value: v}}
""",
        'extracted_at: {constant: "2026-03-05T00:00:00Z"}',
    )
    first, last = order
    case.write(f"codes_{first}.csv", "id,v\n1,old\n")
    case.write(f"codes_{last}.csv", "id,v\n1,new\n")
    case.write("deals.csv", "id\n1\n")
    case.land()
    assert case.query("select lead_source from crm.opportunities") == [("new",)]


@pytest.mark.parametrize("title", ["Sheet", "SHEET", " sheet"])
def test_a_column_that_is_called_sheet_is_the_files_own(case, title) -> None:
    case.map("""  accounts:
    files: "accounts*.xlsx"
    sheet: "20*"
    columns: {account_id: id, account_name: sheet}
""")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "2026"
    sheet.append(["id", title])
    sheet.append(["1", "Own"])
    book.save(case.folder / "accounts.xlsx")
    case.land()
    assert case.query("select account_name from crm.accounts") == [("Own",)]


@pytest.mark.parametrize("kind", ["latest_by: modified_at", "latest_by: [modified_at]"])
def test_the_time_that_says_which_row_is_newest_cannot_be_left_empty(case, kind) -> None:
    case.map(f"""  opportunities:
    files: "deals*.csv"
    {kind}
    columns:
      opportunity_id: id
      stage_id: {{constant: s1}}
      modified_at: {{from: at, on_invalid: null}}
""")
    with pytest.raises(MappingError, match="latest_by goes by modified_at"):
        load_mapping(str(case.mapping_file))


@pytest.mark.parametrize(("kind", "length"), [(b"I", 5), (b"T", 12), (b"B", 3)])
def test_a_damaged_dbf_header_is_a_refused_file(case, kind: bytes, length: int) -> None:
    fields = [(b"ID", b"C", 4), (b"NM", b"C", 5), (b"REV", kind, length)]
    width = 1 + sum(size for _, _, size in fields)
    start = 32 + 32 * len(fields) + 1 + 263
    head = struct.pack("<BBBBIHH", 0x30, 126, 1, 1, 1, start, width) + b"\0" * 20
    for name, code, size in fields:
        head += name.ljust(11, b"\0") + code + b"\0" * 4 + bytes([size, 0]) + b"\0" * 14
    record = b" " + b"1   " + b"abc  " + b"\1" * length
    case.map("""  accounts:
    files: "accounts.dbf"
    columns: {account_id: ID, account_name: NM, annual_revenue: REV}
""")
    case.write("accounts.dbf", head + b"\r" + b"\0" * 263 + record + b"\x1a")
    (file,) = case.land().files
    assert file.status == "refused"


def test_an_end_is_not_held_against_a_start_that_is_left_empty(case) -> None:
    case.map("""  activities:
    files: "calls*.csv"
    columns:
      activity_id: id
      activity_type: {constant: call}
      started_at: {from: a, on_invalid: null}
      ended_at: b
""")
    case.write("calls.csv", "id,a,b\n1,2206-03-01T00:00:00Z,2026-03-02T00:00:00Z\n")
    assert case.land_one().accepted == 1


def test_what_unpivot_makes_is_no_column_that_a_file_lacks_a_use_for(case) -> None:
    case.map("""  fx_rates:
    files: "rates*.csv"
    unmapped: refuse
    unpivot: {pattern: "(?P<code>[A-Z]{3})_rate", value: rate}
    columns: {from_currency: code, to_currency: {constant: USD}, rate_date: day, rate: rate}
""")
    case.write("rates.csv", "day,EUR_rate,GBP_rate\n2026-03-01,1.1,1.3\n")
    assert case.land_one().accepted == 2
