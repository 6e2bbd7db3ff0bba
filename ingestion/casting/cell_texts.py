"""From the cells of an extract to the text of each contract column.

Belongs here: columns, constants, keys, lookups, expressions and recoded values as SQL. Does not
belong here: the value of a text (`projected_column`), and which names a header has (`header`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingestion.casting.header import Header
from ingestion.casting.projected_column import (
    ProjectedColumn,
    native_of_kind,
    shows_error,
    unfed_column,
)
from ingestion.contracts.tables import Column, Table
from ingestion.errors import ExtractError
from ingestion.mapping.expressions import Expression
from ingestion.mapping.feeds import ColumnRule, ExtractedAt, Feed, Formats
from ingestion.mapping.normalization import normalised, normalised_sql
from ingestion.mapping.schema import NormalizeStep
from ingestion.readers.lookups import is_ambiguous
from ingestion.readers.records import Native
from ingestion.text.scripts import same_letters
from ingestion.text.sql_text import cleaned, first_filled, literal

# What would compute a part of an expression before the `try` that guards it.
LIFTING_OPTIMIZERS = "common_subexpressions,in_clause"
_JSON_VALUES = "('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE', 'BOOLEAN')"


class Made:
    """What is made of cells once, however often it is used, in layers of a SELECT.

    Were its SQL written at every use, a text that is cleaned, spelled, recoded and explained would
    be written hundreds of times, and DuckDB, which may not look for what such parts have in common
    (see `LIFTING_OPTIMIZERS`), would compute it as often.
    """

    def __init__(self) -> None:
        self._layers: list[dict[str, str]] = []
        self._depths: dict[str, int] = {}

    def once(self, sql: str, *parts: str) -> str:
        """Gives the name of what is computed once.

        Args:
            sql: The SQL.
            parts: The names among it of what was made before.
        """
        depth = 1 + max((self._depths.get(part, -1) for part in parts), default=-1)
        if depth == len(self._layers):
            self._layers.append({})
        layer = self._layers[depth]
        name = layer.setdefault(sql, f"_made_{depth}_{len(layer)}")
        self._depths[name] = depth
        return name

    def layers(self) -> Iterator[tuple[str, ...]]:
        """Gives the columns of each layer, the lowest first."""
        for layer in self._layers:
            yield tuple(f"{sql} as {name}" for sql, name in layer.items())


@dataclass(frozen=True)
class Cells:
    """The cells of the text relation.

    Args:
        texts: SQL of the VARCHAR column of each extract column.
        native: Which of these hold values that were no text.
        made: What was made of them.
    """

    texts: Mapping[str, str]
    native: Mapping[str, Native]
    made: Made

    def cleaned(self, name: str, formats: Formats) -> str:
        """Gives the cell of an extract column without blanks; NULL where it holds nothing."""
        return self.made.once(cleaned(self.texts[name], formats.null_words))

    def native_of(self, name: str) -> Native | None:
        """Tells where the cells of an extract column are no text."""
        return self.native.get(self.texts.get(name, ""))


def projected_column(
    feed: Feed, column: Column, rule: ColumnRule | None, header: Header, cells: Cells
) -> ProjectedColumn:
    """Gives how a contract column is made, which is of nothing where no rule feeds it."""
    if rule is None:
        return unfed_column(column, feed.formats, feed.time_zone)
    formats = _formats(rule)
    steps = feed.steps_of(column.name)
    text, failure = _origin(rule, formats, header, cells, steps)
    source = header.find(rule.from_column) if rule.from_column is not None else None
    native, largest_exact = _native(column, rule, text, header, cells)
    if formats.duration:
        # What a workbook shows as a clock comes as one, and a plain number says no duration.
        native = None
    if rule.recode is not None:
        recoded, failure = _recoded(rule, text, failure, steps, cells.made)
        # What the mapping puts in place of a value is text.
        native = f"({native}) and ({recoded}) is not distinct from ({text})" if native else None
        text = recoded
    if feed.id_prefix and column.is_prefixed_id:
        text = f"{literal(feed.id_prefix)} || {text}"
    return ProjectedColumn(
        column,
        f"({text})",
        failure,
        formats,
        feed.time_zone,
        source,
        feed.id_prefix,
        native,
        largest_exact,
        is_made_key=bool(rule.key_of),
        inputs=tuple(
            found
            for name in (rule.expression.columns if rule.expression else rule.key_of or ())
            if (found := header.find(name)) is not None
        ),
        steps=value_steps(feed, column, rule),
        named_steps=_named_steps(feed, column),
        spelling_sql=_spelling(rule, header, cells),
        units=rule.units,
        named_units=rule.named_units,
        units_by=rule.units_by,
        is_emptied=rule.on_invalid == "null",
        attempt_sql=_attempt(rule, header, cells),
    )


def value_steps(feed: Feed, column: Column, rule: ColumnRule) -> tuple[NormalizeStep, ...]:
    """Gives the steps by which the values of a column are normalised, and not only compared.

    Names and other texts stay as they are written, unless the mapping declares it for them.
    """
    is_normalised = column.is_identity or column.enum or rule.normalize is not None
    is_text = column.logical_type == "string"
    return feed.steps_of(column.name) if is_text and is_normalised else ()


def _named_steps(feed: Feed, column: Column) -> tuple[tuple[str, tuple[NormalizeStep, ...]], ...]:
    named = column.typed_by.columns if column.typed_by is not None else ()
    return tuple((each.name, feed.steps_of(column.name, each.name)) for each in named)


def _spelling(rule: ColumnRule, header: Header, cells: Cells) -> str | None:
    """Gives the SQL of the names of which a key is made, as the file spells them."""
    found = [header.find(name) for name in rule.key_of]
    texts = ", ".join(f"trim({cells.texts[name]})" for name in found if name is not None)
    return f"concat_ws('|', {texts})" if texts else None


def _native(
    column: Column, rule: ColumnRule, text: str, header: Header, cells: Cells
) -> tuple[str | None, int | None]:
    """Gives the condition that a cell holds a value of the column's own kind, and no text.

    A number in a column of dates or booleans is none: 20260304 is a date by a format only. The
    second is the largest whole number that such cells know exactly.
    """
    name = header.find(rule.extract_columns[-1]) if rule.is_one_cell else None
    if name is None:
        return None, None
    native = cells.native_of(name)
    if rule.path is not None and rule.path[1]:
        native = Native(
            f"coalesce({_json_kind(cells.texts[name], rule.path[1])} in {_JSON_VALUES}, false)"
        )
    if native is None:
        return None, None
    return native_of_kind(column, native.condition, text), native.largest_exact


def _json_kind(json: str, path: str) -> str:
    # A cell that is no JSON has none; the value itself says that it is wrong.
    return f"try(json_type({json}, {literal(path)}))"


def _formats(rule: ColumnRule) -> Formats:
    """Gives how the rule's text is written: SQL writes numbers, dates and booleans in its own way.

    An expression with a result of such a type must not be read by the formats of the extract, or
    1.234 would become 1234 where the point stands between groups.
    """
    if rule.expression is not None and rule.expression.result_type not in {"VARCHAR", "JSON"}:
        return Formats()
    return Formats() if rule.is_constant else rule.formats


def _origin(
    rule: ColumnRule,
    formats: Formats,
    header: Header,
    cells: Cells,
    steps: Sequence[NormalizeStep],
) -> tuple[str, str | None]:
    """Gives the SQL of a rule's text and of the reason why it could not be made."""
    if rule.is_constant:
        return f"cast({literal(rule.constant)} as varchar)", None
    made = cells.made
    attempt = _attempt(rule, header, cells)
    if attempt is not None:
        return _attempted(attempt, formats, made)
    named = {name: header.find(name) for name in rule.extract_columns}
    found = {name: there for name, there in named.items() if there is not None}
    if rule.key_of:
        parts = [cells.cleaned(found[name], formats) for name in rule.key_of]
        # Asked of the parts: in the key it would be part of a name, such as `#ref!|berlin`.
        is_error = " or ".join(shows_error(part) for part in parts)
        spelled = [made.once(normalised_sql(part, steps), part) for part in parts]
        key = _key([made.once(_folded(part), part) for part in spelled], made)
        return key, f"case when {is_error} then 'error_cell' end"
    name = rule.extract_columns[-1]
    cell = cells.texts[found[name]]
    if rule.lookup is not None:
        doubled = f"case when {is_ambiguous(cell)} then 'ambiguous_lookup' end"
        return cells.cleaned(found[name], formats), doubled
    return cells.cleaned(found[name], formats), None


def _attempt(rule: ColumnRule, header: Header, cells: Cells) -> str | None:
    """Gives the SQL of a rule that computes something, which may raise; None for other rules."""
    if rule.expression is not None:
        return rule.expression.sql(_cells_of(rule.expression, rule.formats, header, cells))
    if rule.path is None or not rule.path[1]:
        return None
    found = header.find(rule.extract_columns[-1])
    assert found is not None
    cell = cells.texts[found]
    inner = f"json_extract_string({cell}, {literal(rule.path[1])})"
    # A whole number that was held as a double is the same id as beside other columns.
    is_double = f"{_json_kind(cell, rule.path[1])} = 'DOUBLE'"
    whole = f"regexp_replace({inner}, '\\.0+$', '')"
    return f"case when {is_double} then {whole} else {inner} end"


def _attempted(sql: str, formats: Formats, made: Made) -> tuple[str, str]:
    """Gives the text of an expression that may raise, and the reason if it did.

    A list around the value tells the NULL of an error from the NULL of a result.
    """
    attempt = made.once(f"try([cast({sql} as varchar)])")
    result = made.once(f"{attempt}[1]", attempt)
    failure = (
        f"case when {attempt} is null or contains({result}, chr(0)) then 'expression_failed' end"
    )
    return made.once(cleaned(result, formats.null_words), result), failure


def _folded(part: str) -> str:
    """Gives a part of a key: case, spaces and letters that only look alike do not count."""
    return (
        "replace(replace(nfc_normalize(lower(nullif(trim("
        f"regexp_replace({same_letters(part)}, '[\\s\\p{{Z}}]+', ' ', 'g')), ''))), "
        "'\\', '\\\\'), '|', '\\|')"
    )


def _key(parts: Sequence[str], made: Made) -> str:
    """Gives a key made of names: parts cannot run together."""
    empty = " and ".join(f"{part} is null" for part in parts)
    joined = " || '|' || ".join(f"coalesce({part}, '')" for part in parts)
    return made.once(f"case when not ({empty}) then {joined} end", *parts)


def _recoded(
    rule: ColumnRule,
    text: str,
    failure: str | None,
    steps: Sequence[NormalizeStep],
    made: Made,
) -> tuple[str, str | None]:
    """Replaces values; one that is not named is kept, emptied or refused."""
    codes = [(normalised(key, steps), value) for key, value in rule.recode or () if key != ""]
    empty = [value for key, value in rule.recode or () if key == ""]
    cases = " ".join(f"when {literal(key)} then {literal(value)}" for key, value in codes)
    kept = text if rule.otherwise == "keep" else "cast(null as varchar)"
    spelled = made.once(normalised_sql(text, steps), text) if steps else text
    recoded = f"case {spelled} {cases} else {kept} end" if codes else kept
    if empty:
        recoded = f"case when {text} is null then {literal(empty[0])} else {recoded} end"
    recoded = made.once(recoded, spelled, text)
    if rule.otherwise != "quarantine":
        return recoded, failure
    known = ", ".join(literal(key) for key, _ in codes) or "null"
    unknown = f"when {spelled} not in ({known}) then 'not_in_enum'"
    earlier = f"when {failure} is not null then {failure} " if failure else ""
    return recoded, f"case {earlier}{unknown} end"


def extraction_time(
    feed: Feed,
    table: Table,
    columns: tuple[ProjectedColumn, ...],
    header: Header,
    cells: Cells,
) -> ProjectedColumn | None:
    """Gives the time of each record, from a contract column or else an extract column."""
    rule: ExtractedAt | None = feed.extracted_at
    if rule is None or rule.column is None or feed.inline is not None:
        return None
    moment = Column(
        name=rule.column,
        logical_type="timestamp",
        description="Time of the extract.",
        required=True,
    )
    for column in columns:
        if column.name == rule.column:
            return ProjectedColumn(
                moment,
                column.text_sql,
                column.origin_failure_sql,
                column.formats,
                feed.time_zone,
                native_sql=column.native_sql,
            )
    found = header.find(rule.column)
    if found is None:
        free = [name for name in header.header if name not in header.used]
        hint = header.names.hint(rule.column, (*free, *table.column_names))
        raise ExtractError(
            f"the extract lacks the column '{rule.column}'{hint}, which says what time each "
            f"record speaks for (extracted_at in {feed.where})"
        )
    native = cells.native_of(found)
    text = cells.cleaned(found, feed.formats)
    is_native = native_of_kind(moment, native.condition, text) if native else None
    return ProjectedColumn(
        moment, f"({text})", None, feed.formats, feed.time_zone, found, native_sql=is_native
    )


def record_condition(feed: Feed, header: Header, cells: Cells) -> str | None:
    """Gives the SQL of whether a record is meant at all; an empty cell is no record."""
    meant = where_sql(feed, header, cells)
    if feed.unpivot is None:
        return meant
    value = header.find(feed.unpivot.value)
    assert value is not None
    filled = f"{cells.cleaned(value, feed.formats)} is not null"
    return filled if meant is None else f"case when {filled} then ({meant}) else false end"


def where_sql(feed: Feed, header: Header, cells: Cells) -> str | None:
    """Gives the SQL of the feed's `where`."""
    if feed.condition is None:
        return None
    lacking = [name for name in feed.condition.columns if header.find(name) is None]
    if lacking:
        free = [name for name in header.header if name not in header.used]
        raise ExtractError(
            f"the extract lacks the column '{lacking[0]}'{header.names.hint(lacking[0], free)}, "
            f"which `where` asks for ({feed.where}); without it nobody can tell which records are "
            "meant"
        )
    return feed.condition.sql(_cells_of(feed.condition, feed.formats, header, cells))


def _cells_of(
    expression: Expression, formats: Formats, header: Header, cells: Cells
) -> dict[str, str]:
    """Gives the SQL of the cells that an expression reads; a word for nothing is NULL there."""
    named = {name: header.find(name) for name in expression.columns}
    sql = {name: cells.texts[found] for name, found in named.items() if found is not None}
    words = ", ".join(literal(word) for word in formats.null_words)
    if not words:
        return sql
    return {name: f"case when trim({c}) not in ({words}) then {c} end" for name, c in sql.items()}


def blank_condition(texts: Iterable[str]) -> str | None:
    """Gives the condition that no cell of a record holds anything."""
    cells = first_filled(texts)
    return f"{cells} is null" if cells else None
