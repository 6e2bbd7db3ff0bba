"""Values looked up in another file of the folder: which file holds, what is missing, what is certain."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dbf
import pytest

from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.contracts.contract_files import load_contracts
from ingestion.errors import MappingError

FEED = """  opportunities:
    files: 'deals*'
    {options}
    columns:
      opportunity_id: Id
      stage_id: {{constant: open}}
      lead_source:
        lookup: {{files: 'leads*', key: LeadId, by: Lead, value: Source{more}}}
"""
DATED = "extracted_at: {pattern: '(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2})', optional: true}"
DEALS = "Id,Lead\n1,a\n2,b\n3,\n4,zz\n"
LEADS = "LeadId,Source,Other\na,web,1\nb,fair,2\nb,fair,3\nc,,4\n"


@pytest.fixture
def lands(case):
    """Lands the folder and gives the lead sources by deal, with the result of the newest deals."""

    def land(options: str = "", more: str = "", top: str = ""):
        case.map(FEED.format(options=options, more=more), top)
        files = case.land().files
        for file in files:
            counts = file.accepted + file.unchanged + file.quarantined + file.passed_over
            assert file.records == counts
        names = ("opportunity_id", "lead_source")
        found = case.query(
            f"select {', '.join(names)} from (select *, row_number() over (partition by "
            "opportunity_id order by _extract_id desc) as n from crm.opportunities) "
            "where n = 1 and _op = 'upsert' order by 1"
        )
        return dict(found), files[-1]

    return land


class TestValues:
    @pytest.mark.parametrize(
        ("name", "leads", "more"),
        [
            ("leads.csv", LEADS, ""),
            ("leads.csv", LEADS.replace(",", ";"), ", csv: {delimiter: ';'}"),
            (
                "leads.jsonl",
                '{"LeadId": "a", "Source": "web"}\n{"LeadId": "b", "Source": "fair"}\n',
                "",
            ),
            (
                "leads.json",
                json.dumps(
                    {"d": [{"leadid": "a", "source": "web"}, {"leadid": " b", "source": "fair"}]}
                ),
                ", records: $.d",
            ),
        ],
    )
    def test_are_found_in_a_file_of_any_format(self, case, lands, name, leads, more) -> None:
        case.write(name, leads)
        case.write("deals.csv", DEALS)
        found, file = lands(more=more)
        assert found == {"1": "web", "2": "fair", "3": None, "4": None}
        assert file.accepted == 4

    def test_that_are_missing_are_counted_and_told(self, case, lands) -> None:
        case.write("leads.csv", LEADS)
        case.write("deals.csv", DEALS + "5,zz\n6,c\n7,y\n")
        _, file = lands()
        assert (
            "3 records have a value of Lead that leads.csv does not have (2 different), so "
            "lead_source is empty there"
        ) in (file.message or "")

    @pytest.mark.parametrize(
        ("top", "more", "steps"),
        [
            ("normalize: [case, spaces]", "", True),
            ("", ", normalize: [case, spaces]", True),
            ("normalize: [digits]", ", normalize: [case, spaces]", True),
            ("normalize: [case, spaces]", ", normalize: []", False),
            ("", "", False),
        ],
    )
    def test_in_whatever_spelling_the_key_stands(self, case, lands, top, more, steps) -> None:
        case.write("leads.csv", "LeadId,Source\nL  One,web\nl two,fair\n")
        case.write("deals.csv", "Id,Lead\n1,l one\n2,L TWO\n3,L  One\n")
        found, _ = lands(more=more, top=top)
        assert found == (
            {"1": "web", "2": "fair", "3": "web"} if steps else {"1": None, "2": None, "3": "web"}
        )

    @pytest.mark.parametrize(
        ("steps", "lead", "deal"),
        [
            ("arabic_yeh_kaf, zwnj, spaces", "شركت‌كيميا", "شرکت کیمیا"),
            ("digits", "۱۲", "12"),
            ("nfkc, case", "\uff2c1", "l1"),
        ],
    )
    def test_also_in_other_scripts(self, case, lands, steps, lead, deal) -> None:
        case.write("leads.csv", f"LeadId,Source\n{lead},web\n")
        case.write("deals.csv", f"Id,Lead\n1,{deal}\n2,x\n")
        found, file = lands(top=f"normalize: [{steps}]")
        assert found == {"1": "web", "2": None}
        assert "1 records have a value of Lead" in (file.message or "")

    def test_spellings_that_are_one_with_two_values_are_ambiguous(self, case, lands) -> None:
        case.write("leads.csv", "LeadId,Source\nA,web\na,fair\nb,x\n")
        case.write("deals.csv", "Id,Lead\n1,a\n2,B\n")
        found, file = lands(top="normalize: [case]")
        assert (found, file.quarantined) == ({"2": "x"}, 1)
        assert case.query("select reason from landing.quarantine") == [("ambiguous_lookup",)]

    def test_by_several_columns(self, case) -> None:
        case.map(
            "  opportunities:\n    files: 'deals*'\n    columns:\n      opportunity_id: Id\n"
            "      stage_id: {constant: open}\n      lead_source:\n"
            "        lookup: {files: p.csv, key: [A, B], by: [X, Y], value: V}\n"
            "        recode: {one: first}\n"
        )
        case.write("p.csv", "A,B,V\n1,1,one\n1,2,two\n2,,none\n")
        case.write("deals.csv", "Id,X,Y\n1,1,1\n2,1,2\n3,2,\n4,2,1\n")
        case.land()
        found = case.query("select opportunity_id, lead_source from crm.opportunities order by 1")
        assert found == [("1", "first"), ("2", "two"), ("3", None), ("4", None)]

    def test_two_columns_from_one_file_by_different_keys(self, case) -> None:
        case.map(
            "  opportunities:\n    files: 'deals*'\n    columns:\n      opportunity_id: Id\n"
            "      stage_id: {constant: open}\n"
            "      lead_source: {lookup: {files: u.csv, key: Id, by: A, value: Name}}\n"
            "      opportunity_name: {lookup: {files: u.csv, key: Id, by: B, value: Name}}\n"
        )
        case.write("u.csv", "Id,Name\n1,one\n2,two\n")
        case.write("deals.csv", "Id,A,B\n9,1,2\n")
        case.land()
        assert case.query("select lead_source, opportunity_name from crm.opportunities") == [
            ("one", "two")
        ]

    @pytest.mark.parametrize(
        ("records", "accepted"), [("1,a\n2,b\n3,c\n", 2), ("1,b\n2,b\n", 2), ("1,a\n2,a\n3,b\n", 1)]
    )
    def test_of_a_doubled_key_set_aside_who_asks_for_it(
        self, case, lands, records, accepted
    ) -> None:
        case.write("leads.csv", "LeadId,Source\na,web\na,fair\nb,fair\nb,fair\nc,web\n")
        case.write("deals.csv", "Id,Lead\n" + records)
        _, file = lands(options="max_quarantined: 100")
        assert file.accepted == accepted, file.message
        told = case.query("select distinct reason, column_name from landing.quarantine")
        assert told == ([("ambiguous_lookup", "lead_source")] if file.quarantined else [])

    def test_lines_are_right_behind_a_lookup(self, case, lands) -> None:
        rows = "".join(f"{i},{'abz'[i % 3]}\n" for i in range(1, 5001))
        case.write("leads.csv", LEADS)
        case.write("deals.csv", "Id,Lead\n" + rows + ",a\n")
        _, file = lands()
        assert (file.accepted, file.quarantined) == (5000, 1)
        assert case.query("select line from landing.quarantine") == [(5002,)]


class TestWhichFile:
    def test_the_newest_of_the_day_or_before(self, case, lands) -> None:
        for day, source in (("01", "one"), ("02", "two"), ("04", "four")):
            case.write(f"leads-2026-05-{day}.csv", f"LeadId,Source\na,{source}\n")
        case.write("deals-2026-05-03.csv", DEALS)
        assert lands(top=DATED)[0]["1"] == "two"
        case.write("deals-2026-05-04.csv", DEALS)
        assert lands(top=DATED)[0]["1"] == "four"

    def test_the_first_later_one_where_there_is_no_earlier_one(self, case, lands) -> None:
        case.write("deals-2026-05-01.csv", DEALS)
        case.write("leads-2026-05-03.csv", "LeadId,Source\na,three\n")
        case.write("leads-2026-05-02.csv", "LeadId,Source\na,two\n")
        found, file = lands(top=DATED)
        assert found["1"] == "two"
        assert "of a later day" in (file.message or "")

    def test_changes_alone_are_put_together(self, case, lands) -> None:
        case.write("leads-2026-05-01.csv", "LeadId,Source\na,one\nb,one\n")
        case.write("leads-2026-05-02.csv", "LeadId,Source\nb,two\n")
        case.write("leads-2026-05-09.csv", "LeadId,Source\nb,nine\n")
        case.write("deals-2026-05-02.csv", DEALS)
        found, _ = lands(top=DATED, more=", kind: delta")
        assert (found["1"], found["2"]) == ("one", "two")

    @pytest.mark.parametrize(
        ("leads", "message"),
        [
            (None, "there is no file leads"),
            ("LeadId,Sorce\na,b\n", "lacks the column 'Source'"),
            ("LeadId,Source\na\n", "line 2"),
            ("", "empty"),
        ],
    )
    def test_that_cannot_be_read_refuses_the_extract(self, case, lands, leads, message) -> None:
        if leads is not None:
            case.write("leads.csv", leads)
        case.write("deals.csv", DEALS)
        _, file = lands()
        assert file.status == "refused"
        assert message in (file.message or "")
        case.write("leads.csv", LEADS)
        assert lands()[0]["1"] == "web"


class TestLandedAgain:
    def test_the_same_files_give_the_same_rows_and_are_read_once(self, case, lands) -> None:
        case.write("leads.csv", LEADS)
        case.write("deals.csv", DEALS)
        first, _ = lands()
        again, file = lands()
        assert again == first
        assert (file.status, file.accepted) == ("unchanged", 0)

    def test_from_an_empty_home_too(self, case, lands, tmp_path) -> None:
        for day in ("01", "02"):
            case.write(f"leads-2026-05-{day}.csv", f"LeadId,Source\na,of {day}\n")
            case.write(f"deals-2026-05-{day}.csv", DEALS)
            lands(top=DATED)
        rows = "select opportunity_id, lead_source, _extract_id from crm.opportunities order by all"
        night_by_night = case.query(rows)
        case.home = type(case.home)(tmp_path / "fresh")
        lands(top=DATED)
        assert case.query(rows) == night_by_night
        assert len(night_by_night) == 5

    def test_a_corrected_file_of_the_day_corrects_the_rows(self, case, lands) -> None:
        moment = datetime(2026, 3, 2, 1, tzinfo=UTC)
        case.write("leads.csv", LEADS, moment)
        case.write("deals.csv", DEALS, moment)
        lands()
        case.write("leads.csv", LEADS.replace("web", "phone"), moment)
        found, file = lands()
        assert found["1"] == "phone"
        assert "a file in which it looks up values has changed" in (file.message or "")
        ids = case.query("select distinct _extract_id from crm.opportunities order by 1")
        assert ids[1][0] == ids[0][0] + "-r001"

    def test_a_file_of_a_later_day_leaves_landed_rows_alone(self, case, lands) -> None:
        case.write("leads.csv", LEADS, datetime(2026, 3, 2, 1, tzinfo=UTC))
        case.write("deals.csv", DEALS, datetime(2026, 3, 2, 1, tzinfo=UTC))
        lands()
        case.write("leads.csv", LEADS.replace("web", "phone"), datetime(2026, 3, 3, tzinfo=UTC))
        found, file = lands()
        assert (found["1"], file.status) == ("web", "unchanged")
        case.write("deals-2.csv", DEALS, datetime(2026, 3, 3, 2, tzinfo=UTC))
        assert lands()[0]["1"] == "phone"


@pytest.mark.parametrize(
    ("lookup", "message"),
    [
        ("{files: ../x.csv, key: A, value: V}", "relative to the source's folder"),
        ("{files: x.csv, key: [A, B], by: C, value: V}", "as many columns as key"),
        ("{files: x.csv, value: V}", "key"),
        ("{files: x.csv, key: A, value: V, csv: {header: false}}", "csv needs columns"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_told(case, lookup, message) -> None:
    case.map(
        "  products:\n    files: 'p*'\n    columns:\n      product_id: A\n"
        f"      product_name: {{lookup: {lookup}}}\n"
    )
    with pytest.raises(MappingError, match=r"case.yml:\d+: ") as caught:
        load_mapping(str(case.mapping_file))
    assert message in str(caught.value)


def test_the_check_of_a_mapping_looks_up_as_landing_does(case) -> None:
    case.map(FEED.format(options="", more=""))
    case.write("leads.csv", LEADS)
    case.write("deals.csv", DEALS)
    report = check_mapping(load_mapping(str(case.mapping_file)), case.folder, load_contracts())
    (file,) = report.files
    assert (file.good_rows, report.unused) == (4, ())
    assert any("1 records have a value of Lead" in note for note in file.notes)
    column = next(c for c in file.columns if c.column == "lead_source")
    assert (column.filled, column.samples) == (2, ("web", "fair"))


def test_a_lookup_beside_unpivoted_columns_and_a_footer(case) -> None:
    case.map(
        "  opportunity_line_items:\n    files: 'plan*'\n    footer: ^Total\n"
        "    unpivot: {columns: [x, y]}\n    columns:\n"
        "      line_item_id: {key_of: [Deal, name]}\n      opportunity_id: Deal\n"
        "      product_id: {lookup: {files: kinds.csv, key: Column, by: name, value: Kind}}\n"
        "      line_amount: value\n"
    )
    case.write("kinds.csv", "Column,Kind\nx,fixed\ny,extra\n")
    case.write("plan.csv", "Deal,x,y\nA,1,2\nB,,z\nTotal,1,2\n")
    file = next(f for f in case.land().files)
    assert (file.records, file.accepted, file.quarantined, file.passed_over) == (6, 2, 1, 3)
    assert case.query("select product_id from crm.opportunity_line_items order by 1") == [
        ("extra",),
        ("fixed",),
    ]
    ((line, message),) = case.query("select line, message from landing.quarantine")
    assert line == 3
    assert "the column 'y'" in message


def deleted(path: Path, fields: str, rows: list[tuple], number: int) -> None:
    """Writes a DBF table of which one record (from 0) is marked as deleted."""
    table: Any = dbf.Table(str(path), fields)
    with table.open(dbf.READ_WRITE):
        for row in rows:
            table.append(row)
    content = bytearray(path.read_bytes())
    start, width = struct.unpack("<HH", content[8:12])
    content[start + number * width] = ord("*")
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("unpivot", "counts"), [("[x, y]", (5, 4, 1)), ("[x]", (3, 2, 1)), ("[y, x]", (5, 4, 1))]
)
def test_deleted_records_of_tables_are_not_there(case, unpivot, counts) -> None:
    case.map(
        "  opportunity_line_items:\n    files: 'plan*'\n    unmapped: ignore\n"
        f"    unpivot: {{columns: {unpivot}}}\n    columns:\n"
        "      line_item_id: {key_of: [Deal, name]}\n      opportunity_id: Deal\n"
        "      product_id: {lookup: {files: kinds.dbf, key: DEAL, value: KIND}}\n"
        "      line_amount: value\n"
    )
    plan = [("A", 1, 2), ("B", 3, 4), ("C", 5, 6)]
    deleted(case.folder / "plan.dbf", "DEAL C(3); X N(8,2); Y N(8,2)", plan, 1)
    kinds = [("A", "one"), ("B", "two"), ("C", "three"), ("A", "other")]
    deleted(case.folder / "kinds.dbf", "DEAL C(3); KIND C(9)", kinds, 3)
    file = case.land_one()
    assert (file.records, file.accepted, file.passed_over) == counts, file.message
    found = case.query("select distinct opportunity_id, product_id from crm.opportunity_line_items")
    assert sorted(found) == [("A", "one"), ("C", "three")]


CONTACTS = "ContactId,Company,Kind\nc1,NORTH  Wind,P\nc2,South Sea,E\nc3,,P\n"


@pytest.mark.parametrize(
    ("options", "accounts"),
    [
        ("", ["NORTH  Wind", "South Sea"]),
        ("id_prefix: 'a:'", ["a:NORTH  Wind", "a:South Sea"]),
        ("normalize: [case, spaces]", ["north wind", "south sea"]),
        ("id_prefix: 'a:'\nnormalize: [case, spaces]", ["a:north wind", "a:south sea"]),
    ],
)
def test_the_rows_of_another_feed_are_those_of_its_file(case, options, accounts) -> None:
    case.map(
        "  accounts:\n    files: contacts.csv\n    kind: delta\n    unmapped: ignore\n"
        "    where: Company is not null\n"
        "    columns: {account_id: Company, account_name: Company}\n"
        "  opportunities:\n    files: deals.csv\n    columns:\n      opportunity_id: Id\n"
        "      stage_id: {constant: open}\n"
        "      account_id: {lookup: {files: contacts.csv, key: ContactId, by: Contact, "
        "value: Company}}\n"
        "      forecast_category: {lookup: {files: contacts.csv, key: ContactId, by: Contact, "
        "value: Kind}, recode: {P: pipeline, E: commit}}\n",
        options,
    )
    case.write("contacts.csv", CONTACTS)
    case.write("deals.csv", "Id,Contact\n1,c1\n2,c2\n3,c3\n")
    assert not case.land().refused
    prefix = "a:" if "id_prefix" in options else ""
    columns = "opportunity_id, account_id, forecast_category"
    assert case.query(f"select {columns} from crm.opportunities order by 1") == [
        (f"{prefix}1", accounts[0], "pipeline"),
        (f"{prefix}2", accounts[1], "commit"),
        (f"{prefix}3", None, "pipeline"),
    ]
    assert case.query(
        "select count(*) from crm.opportunities semi join crm.accounts using (account_id)"
    ) == [(2,)]
