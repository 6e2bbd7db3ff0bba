"""Expressions: what passes, what is refused, and that what passes computes the right thing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow.parquet as pq
import pytest

from ingestion.mapping.expressions import (
    FUNCTIONS,
    OPERATORS,
    ExpressionError,
    ExpressionParser,
    locked_connection,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with locked_connection() as connection:
        yield connection


@pytest.fixture(scope="module")
def parser(connection: duckdb.DuckDBPyConnection) -> ExpressionParser:
    return ExpressionParser(connection)


# Expression over a = '2017-03-05', "Deal Stage" = 'Won', n = '12.5': (columns, value as text).
ALLOWED = {
    "case when \"Deal Stage\" in ('Won', 'Lost') then a end": (("Deal Stage", "a"), "2017-03-05"),
    "case n when '12.5' then 'x' else 'y' end": (("n",), "x"),
    "if(n is null, 'none', 'some')": (("n",), "some"),
    "coalesce(nullif(n, '12.5'), 'empty')": (("n",), "empty"),
    "try_cast(n as decimal(9, 2)) * 2": (("n",), "25.00"),
    "cast(a as date) + interval 3 days": (("a",), "2017-03-08 00:00:00"),
    "extract(year from a::date) || '-' || n": (("a", "n"), "2017-12.5"),
    "date_trunc('month', a::date)::date": (("a",), "2017-03-01"),
    "strftime(strptime(a, '%Y-%m-%d'), '%d.%m.%Y')": (("a",), "05.03.2017"),
    "regexp_extract(a, '(\\d+)$', 1)": (("a",), "05"),
    "regexp_replace(lower(\"Deal Stage\"), 'o', '0')": (("Deal Stage",), "w0n"),
    "a[1:4]": (("a",), "2017"),
    "n::double between 12 and 13 and not n like '13%'": (("n",), "true"),
    "json_extract_string('{\"x\": 1}', '$.x') || n": (("n",), "112.5"),
    "timezone('UTC', timezone('Europe/Berlin', a::timestamp))": (("a",), "2017-03-04 23:00:00"),
    "greatest(n::double, 20) -- the larger": (("n",), "20.0"),
    "'it''s; drop table x --'": ((), "it's; drop table x --"),
    "replace(a, '-', '') /* digits */": (("a",), "20170305"),
    "current_date": (("current_date",), "a column's text"),
}


@pytest.mark.parametrize("text", ALLOWED)
def test_allowed(
    text: str, parser: ExpressionParser, connection: duckdb.DuckDBPyConnection
) -> None:
    columns, value = ALLOWED[text]
    expression = parser.parse(text)
    assert expression.columns == columns
    cells = {"a": "k.c0", "Deal Stage": "k.c1", "n": "k.c2", "current_date": "k.c3"}
    row = connection.execute(
        f"select cast({expression.sql(cells)} as varchar) "
        "from (values ('2017-03-05', 'Won', '12.5', 'a column''s text')) as k(c0, c1, c2, c3)"
    ).fetchone()
    assert row == (value,)


# Expression: part of the message.
REFUSED = {
    "(select 1)": "a subquery",
    "exists (select 1)": "a subquery",
    "n = any(['x'])": "a subquery",
    "(select content from read_text('/etc/passwd'))": "a subquery",
    "read_text('/etc/passwd')": "the function 'read_text'",
    "read_csv('x.csv')": "the function 'read_csv'",
    "glob('*')": "the function 'glob'",
    "query('select 1')": "the function 'query'",
    "getenv('HOME')": "the function 'getenv'",
    "getvariable('x')": "the function 'getvariable'",
    "current_setting('home_directory')": "the function 'current_setting'",
    "parse_path(n)": "the function 'parse_path'",
    "nextval('x')": "the function 'nextval'",
    "random()": "the function 'random'",
    "now()": "the function 'now'",
    "uuid()": "the function 'uuid'",
    "error('x')": "the function 'error'",
    "repeat(n, 1000000000)": "the function 'repeat'",
    "sum(n)": "the function 'sum'",
    "count(*)": "the function 'count",
    "max(n) filter (where true)": "the function 'max'",
    "row_number() over ()": "a window function",
    "upper(n) over ()": "is",
    "unnest([n])": "the function 'unnest'",
    "list_transform([n], x -> x)": "the function 'list_transform'",
    "[x for x in [n]]": "the function 'list_apply'",
    "{'x': n}": "the function 'struct_pack'",
    "*": "a star",
    "columns('a')": "a star",
    "$1": "a parameter",
    "?": "a parameter",
    "t.n": "names 't.n'",
    "other.upper(n)": "the function 'upper'",
    "n::varchar[]": "casts to a type",
    "n::no_such_type": "casts to a type",
    "n collate nocase": "a collation",
    "a, n": "the function 'row'",
    "a) , (n": "more than one expression",
    "a) from (select 1 as a": "more than one expression",
    "a; drop table x": "not one SQL expression",
    "a) as v; select (1": "more than one expression",
    "a union select 1": "not one SQL expression",
    "": "not one SQL expression",
    "-- nothing": "not one SQL expression",
    "upper(": "not one SQL expression",
    "upper(a, n)": "cannot be computed",
    "a + 1 day": "not one SQL expression",
    "date_diff('day', a, n)": "cannot be computed",
    "a\0": "a character",
    "'x" + "x" * 10_000 + "'": "is longer",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_refused(text: str, parser: ExpressionParser) -> None:
    with pytest.raises(ExpressionError) as caught:
        parser.parse(text)
    assert REFUSED[text] in str(caught.value)


def test_error_of_a_wrong_type_names_the_column(parser: ExpressionParser) -> None:
    with pytest.raises(ExpressionError, match="cannot be computed"):
        parser.parse('"Deal Stage" + interval 1 day + abs("Deal Stage")')


def test_same_answer_whatever_the_result_is(parser: ExpressionParser) -> None:
    assert parser.parse("n").result_type == "VARCHAR"
    assert parser.parse("n::decimal(9,2)").result_type == "DECIMAL(9,2)"


def test_no_listed_function_reads_files_settings_or_the_clock(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """DuckDB's own catalogue says of each function whether it is scalar and repeatable."""
    rows = connection.execute(
        "select function_name, bool_or(function_type not in ('scalar', 'macro')), "
        "bool_or(coalesce(stability, 'CONSISTENT') <> 'CONSISTENT') "
        "from duckdb_functions() group by all"
    ).fetchall()
    kinds = {name: (is_other, is_unstable) for name, is_other, is_unstable in rows}
    suspicious = {name for name in FUNCTIONS if any(kinds.get(name, (False, False)))}
    assert suspicious == set()


def test_the_connection_reaches_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    for statement in (
        "select * from read_text('/etc/passwd')",
        "attach '/tmp/x.duckdb'",
        "set enable_external_access = true",
        "install httpfs",
        "copy (select 1) to '/tmp/x.csv'",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(statement)


def test_every_listed_function_exists_and_is_documented(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = connection.execute("select distinct function_name from duckdb_functions()").fetchall()
    # The parser writes these out itself.
    known = {name for (name,) in rows} | {"ifnull", "nullif", "->", "position"}
    assert {name for name in FUNCTIONS - OPERATORS if name not in known} == set()
    page = (Path(__file__).parents[2] / "docs/reference/mapping-reference.md").read_text(
        encoding="utf-8"
    )
    assert {name for name in FUNCTIONS - OPERATORS if f"`{name}`" not in page} == set()


# What becomes a moment of a number, and the same where nothing does.
MOMENTS = {
    'epoch_ms(cast("n" as bigint))': "2026-04-01 01:09:44+00",
    'try_cast("n" as bigint)::bigint': "1775005784000",
    "case when n <> '' then epoch_ms(n::bigint) end": "2026-04-01 01:09:44+00",
    "coalesce(epoch_ms(try_cast(a as bigint)), epoch_ms(n::bigint))": "2026-04-01 01:09:44+00",
    "make_timestamp(n::bigint * 1000)": "2026-04-01 01:09:44+00",
    "epoch_ms(n::bigint) + interval 1 hour": "2026-04-01 02:09:44+00",
    "nullif(try(epoch_ms(n::bigint)), timestamp '1970-01-01')": "2026-04-01 01:09:44+00",
    "to_timestamp(n::bigint / 1000)": "2026-04-01 01:09:44+00",
    # A zone that is said already, a time of the zone, and times that only are calculated with.
    "timezone('UTC', epoch_ms(n::bigint))": "2026-04-01 01:09:44+00",
    "make_timestamp(2026, 4, 1, 1, 9, 44.0)": "2026-04-01 01:09:44",
    "epoch_ms(a::timestamp)": "1488672000000",
    "year(epoch_ms(n::bigint))": "2026",
}


@pytest.mark.parametrize("text", MOMENTS)
def test_a_moment_that_is_made_of_a_number_says_that_it_is_in_utc(
    text: str, parser: ExpressionParser, connection: duckdb.DuckDBPyConnection
) -> None:
    sql = parser.parse(text).sql({"n": "v.n", "a": "v.a"})
    row = connection.execute(
        f"select cast({sql} as varchar) from (select '1775005784000' as n, '2017-03-05' as a) as v"
    ).fetchone()
    assert row == (MOMENTS[text],)


@pytest.mark.parametrize(
    "text",
    [
        "coalesce(epoch_ms(try_cast(n as bigint)), a::timestamp)",
        "case when a is null then make_timestamp(n::bigint) else strptime(a, '%Y') end",
        "if(a is null, epoch_ms(n::bigint), a::date)",
    ],
)
def test_times_in_utc_and_in_the_zone_are_not_mixed(text: str, parser: ExpressionParser) -> None:
    with pytest.raises(ExpressionError, match=r"whose value is a time in UTC.*timezone\('UTC'"):
        parser.parse(text)


@pytest.mark.parametrize("zone", ["America/Phoenix", "Asia/Tehran", "Europe/Berlin"])
def test_a_counted_moment_is_the_same_by_expression_and_by_format(case, zone: str) -> None:
    # Around local midnight, and in summer and winter time.
    moments = [1775005784000, 1774990799000, 1770001200000, 1782853200000, 1782853199000]
    case.write("d.csv", "Id,At\n" + "".join(f"{n},{at}\n" for n, at in enumerate(moments)))
    counted = 'epoch_ms(cast("At" as bigint))'
    case.map(
        "  opportunities:\n    files: d.csv\n    columns:\n      opportunity_id: Id\n"
        "      stage_id: {constant: won}\n"
        f"      closed_at: {{expression: '{counted}'}}\n"
        f"      closed_date: {{expression: '{counted}'}}\n"
        "      created_at: {from: At, format: epoch_millis}\n"
        "      created_date: {from: At, format: epoch_millis}",
        f"time_zone: {zone}",
    )
    assert case.land_one().accepted == len(moments)
    rows = case.query(
        "select opportunity_id, closed_at, created_at, closed_date, created_date "
        "from crm.opportunities order by opportunity_id"
    )
    expected = [datetime.fromtimestamp(at / 1000, UTC) for at in moments]
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in expected]
    assert rows == [
        (str(n), moment.replace(tzinfo=None), moment.replace(tzinfo=None), day, day)
        for n, (moment, day) in enumerate(zip(expected, days, strict=True))
    ]


# Expression over Amount: the reason of DuckDB, of the value "1x" and of "300".
FAILING = {
    "cast(Amount as integer) * 2": ("1x", "Could not convert string '1x' to INT32"),
    "cast(cast(Amount as integer) as tinyint)": ("300", "value 300 can't be cast"),
    "strptime(Amount, '%Y')": ("1x", 'Could not parse string "1x" according to format'),
    "sqrt(cast(Amount as integer))": ("-4", "square root of a negative number"),
    "chr(cast(Amount as integer))": ("0", "its result holds a NUL character"),
}
FAILING_FEED = (
    "  opportunities:\n    files: d.csv\n    kind: delta\n    columns:\n"
    "      opportunity_id: Id\n      stage_id: {constant: won}\n"
    "      lead_source: LEAD\n"
)


def failing_feed(expression: str, options: str = "") -> str:
    made = f'{{expression: "{expression}"{options}}}'
    return FAILING_FEED.replace("LEAD", made)


@pytest.mark.parametrize("expression", FAILING)
def test_a_failing_expression_tells_why(case, expression: str) -> None:
    value, reason = FAILING[expression]
    case.map(failing_feed(expression))
    case.write("d.csv", f"Id,Amount\n1,{value}\n")
    case.land_one()
    ((told, message),) = case.query("select value, message from landing.quarantine")
    assert told == f"Amount: {value}"
    assert message.startswith("the mapping's expression for lead_source fails on this row: ")
    assert reason in message
    assert "c1" not in message


def test_each_record_has_its_own_reason_as_far_as_there_are_few(case) -> None:
    case.map(failing_feed("cast(cast(Amount as integer) as tinyint)") + "    max_quarantined: 1.0")
    rows = [f"{n},x{n}\n" for n in range(70)] + ["70,400\n", "71,x3\n"]
    case.write("d.csv", "Id,Amount\n" + "".join(rows))
    assert case.land_one().quarantined == 72
    told = dict(case.query("select value, message from landing.quarantine"))
    assert "string 'x3' to" in told["Amount: x3"]
    assert (
        "as on another record, Conversion Error: Could not convert string 'x0'"
        in (told["Amount: x69"])
    )


def test_a_failing_condition_and_path_tell_why(case) -> None:
    case.map(FAILING_FEED.replace("LEAD", "{path: $.Amount.a}") + '    where: "Id::int > 0"')
    case.write("d.csv", 'Id,Amount\nx,{}\n2,{a\n3,"{""a"": 1}"\n')
    assert case.land_one().accepted == 1
    condition, path = case.query("select message, value from landing.quarantine order by line")
    assert condition[1] == "Id: x"
    assert (
        "`where` fails on this row: Conversion Error: Could not convert string 'x'" in condition[0]
    )
    assert "lead_source fails on this row: Invalid Input Error: Malformed JSON" in path[0]


def test_an_emptied_value_tells_why_too(case) -> None:
    case.map(failing_feed("cast(Amount as integer)", ", on_invalid: null"))
    case.write("d.csv", "Id,Amount\n1,x\n2,3\n")
    assert case.land_one().accepted == 2
    ((message,),) = case.query("select message from landing.emptied")
    assert "Could not convert string 'x' to INT32" in message


@pytest.mark.parametrize("word", ["Jane Roe", "Error: Jane Roe", "Jane Roe Error: x"])
@pytest.mark.parametrize("expression", ["cast(Name as integer)::varchar", "strptime(Name, '%Y')"])
def test_of_personal_data_the_reason_shows_no_cell(case, expression: str, word: str) -> None:
    case.mapping_file.write_text(
        "mapping: case\nsource: hr\ntables:\n  workers:\n    files: d.csv\n    kind: delta\n"
        "    columns:\n      worker_id: Id\n"
        f'      worker_name: {{expression: "{expression}"}}\n'
    )
    case.write("d.csv", f"Id,Name\n1,{word}\n")
    case.land_one()
    found = case.query("select value, message, record from landing.quarantine")
    assert len(found) == 1
    assert "Jane" not in str(found)
    assert " fails on this row: " in found[0][1]
    assert found[0][1].endswith(" Error")
    # The owner finds all of it.
    (file,) = (case.home.quarantine / "run-1").glob("*.parquet")
    assert f"{word}" in pq.read_table(file)["message"][0].as_py()
