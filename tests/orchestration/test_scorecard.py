"""The scorecard, from a small published file made by hand: which figures it takes, and how it shows."""

import unicodedata
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from ingestion.home import Home
from orchestration.errors import UsageError
from orchestration.publication import published_database
from orchestration.reports.periods import Period
from orchestration.reports.printable import printable
from orchestration.reports.scorecard import Figure, Member, Metric, Scorecard, read_scorecard
from orchestration.reports.summary import formatted, scorecard_tables

VALUES = """
    ('conversion_rate', 'restated', 'quarter', date '2017-10-01', 'company', 'all', 0.6025),
    ('conversion_rate', 'restated', 'quarter', date '2017-07-01', 'company', 'all', 0.6141),
    ('conversion_rate', 'as_closed', 'quarter', date '2017-10-01', 'company', 'all', 0.1),
    ('conversion_rate', 'restated', 'month', date '2017-10-01', 'company', 'all', 0.2),
    ('won_value', 'restated', 'quarter', date '2017-10-01', 'company', 'all', 2802496),
    ('won_value', 'restated', 'quarter', date '2017-10-01', 'rep', 'r1', 100),
    ('won_value', 'restated', 'quarter', date '2017-10-01', 'rep', 'r2', 300),
    ('won_value', 'restated', 'quarter', date '2017-10-01', 'rep', 'r3', null),
    ('conversion_rate', 'restated', 'quarter', date '2017-10-01', 'rep', 'r2', 0.5)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.create()
    with duckdb.connect(str(published_database(home))) as connection:
        connection.execute("create schema marts.marts; use marts.marts")
        connection.execute(
            "create table metric_catalogue as select * from (values "
            "('conversion_rate', 'Conversion rate', 'fraction', 'higher', 'mart_conversion', "
            "'closing', null, true), "
            "('win_rate', 'Win rate', 'fraction', 'higher', 'mart_win_loss', "
            "'closing', 'category', false), "
            "('won_value', 'Won value', 'money', 'higher', 'mart_conversion', "
            "'closing', null, true)) "
            "as t (name, label, unit, direction, mart, topic, dimension, is_headline)"
        )
        connection.execute(
            "create table metric_values as select * replace (cast(value as double) as value) "
            f"from (values {VALUES}) as t (metric, basis, period_grain, period_start, level, member_id, value)"
        )
        connection.execute(
            "create table mart_conversion as select 'quarter' as period_grain, "
            "date '2017-10-01' as period_start, * from (values "
            "('rep', 'r1', 'Ann Lee'), ('rep', 'r2', 'Bob [sic] Ray'), ('rep', 'r3', 'Cat Moe')) "
            "as t (level, member_id, member_name)"
        )
        connection.execute(
            "create table mart_pipeline_value as select unnest([date '2017-12-30', "
            "date '2017-12-31', date '2018-01-01']) as as_of_date"
        )
    return home


def test_the_newest_quarter_stands_beside_the_one_before(home: Home):
    card = read_scorecard(home)
    assert (card.period.label, card.before and card.before.label) == ("2017-Q4", "2017-Q3")
    assert {f.metric.name: (f.value, f.before) for f in card.figures} == {
        "conversion_rate": (0.6025, 0.6141),
        "won_value": (2802496, None),
    }
    assert card.pipeline_date == date(2017, 12, 31)
    assert card.members == ()


def test_a_period_of_another_grain(home: Home):
    card = read_scorecard(home, "2017-10")
    assert [f.value for f in card.figures if f.metric.name == "conversion_rate"] == [0.2]


def test_members_stand_by_what_they_won_with_their_names(home: Home):
    card = read_scorecard(home, "2017-Q4", level="rep")
    assert [member.name for member in card.members] == ["Bob [sic] Ray", "Ann Lee", "Cat Moe"]
    assert {f.metric.name: f.value for f in card.members[0].figures} == {
        "won_value": 300,
        "conversion_rate": 0.5,
    }


def test_the_rest_of_the_members_is_counted(home: Home):
    card = read_scorecard(home, "2017-Q4", level="rep", top=1)
    assert ([m.name for m in card.members], card.members_left_out) == (["Bob [sic] Ray"], 2)


def test_an_unknown_level_lists_what_there_is(home: Home):
    with pytest.raises(UsageError, match="company, rep"):
        read_scorecard(home, level="planet")


def test_it_is_shown_with_units_and_without_markup(home: Home):
    console = Console(file=StringIO(), width=120)
    console.print(scorecard_tables(read_scorecard(home, "2017-Q4", level="rep", top=1)))
    shown = console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
    for text in ("60.25 %", "-1.16 pt", "2,802,496", "Bob [sic] Ray", "and 2 more"):
        assert text in shown, shown


NAMES = (
    "\u0633\u0627\u0631\u0627 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647",  # a half-space
    "\u202e\u0639\u0644\u06cc\u200f",  # marks of direction, one of which turns the row round
    "\u5c71\u7530 \u592a\u90ce",  # wide characters
    "Zoe\u0308 Nun\u0303ez",  # combining ones
    "\u0631\u0650\u0636\u0627\u0651",
    "a\tb\nc",
    "\x1b[31mred\x07",
    "x" * 70,
)


@pytest.mark.parametrize("width", [60, 90, 120])
@pytest.mark.parametrize("names", [NAMES, *((name,) for name in NAMES)])
def test_whatever_members_are_called_the_columns_stand(width: int, names: tuple[str, ...]):
    """Widths are counted here from Unicode's tables and not by the library that draws."""
    metric = Metric("won_value", "Won value", "money", None, "mart_conversion", "closing", True)
    members = tuple(Member(name, name, (Figure(metric, 5.0, None),)) for name in names)
    period = Period("quarter", "1396-Q3", date(2017, 9, 23), date(2017, 12, 21))
    card = Scorecard(period, None, None, (), "rep", members, 0)
    console = Console(file=StringIO(), width=width)
    console.print(scorecard_tables(card))
    text = console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
    assert not {c for c in text if unicodedata.category(c) == "Cc"} - {"\n"}
    assert "\u202e" not in text
    _, table = text.split("1396-Q3 by rep")
    rows = [line for line in table.splitlines() if line[:1] in "\u2502\u2503"]
    assert len(rows) > len(names)
    # Every column ends where it ends in the first row.
    assert len({tuple(bars(row)) for row in rows}) == 1


def bars(row: str) -> Iterator[int]:
    """The places at which the lines between columns are drawn."""
    place = 0
    for character in row:
        if character in "\u2502\u2503":
            yield place
        category = unicodedata.category(character)
        if category not in ("Mn", "Me", "Cf"):
            place += 2 if unicodedata.east_asian_width(character) in "WF" else 1


def test_a_half_space_is_kept_and_what_a_terminal_would_obey_is_not():
    assert printable(NAMES[0]) == NAMES[0]
    assert printable("\u202e\u0639\u0644\u06cc\u200f") == "\u0639\u0644\u06cc"
    assert printable("a\tb\r\nc\x1b[0m\u2028d") == "a b  c [0m d"


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("fraction", 0.631501, "63.15 %"),
        ("money", 1490.92, "1,491"),
        ("deals", 4238.0, "4,238"),
        ("days", 51.782, "51.8"),
        ("money", None, "–"),
    ],
)
def test_values_in_their_units(unit: str, value: float | None, text: str):
    metric = Metric("m", "M", unit, None, "mart_conversion", "closing", True)
    assert formatted(metric, Figure(metric, value, None).value) == text
