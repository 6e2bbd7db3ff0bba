"""From the written form of a mapping to its feeds, with every option resolved.

Belongs here: inheritance of options, names of tables and columns, and expressions. Does not belong
here: the keys of the file (`schema`), checks of single options (`option_checks`) and of
values (`mapping_values`), and the SQL made from it (`compilation`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
from pydantic import BaseModel

from ingestion.contracts.tables import Column, Contracts, Table
from ingestion.errors import MappingError
from ingestion.mapping.expressions import Expression, ExpressionError, ExpressionParser
from ingestion.mapping.feeds import (
    ColumnRule,
    CsvOptions,
    ExtractedAt,
    Feed,
    Formats,
    InlineRows,
    Lookup,
    Mapping,
    OtherReader,
    Unpivot,
    in_utc,
    parsed_time,
)
from ingestion.mapping.file_patterns import may_be_text
from ingestion.mapping.format_names import DURATION_FORMATS, duration_unit
from ingestion.mapping.normalization import in_order
from ingestion.mapping.normalized_columns import NormalizedColumns, same_codes
from ingestion.mapping.option_checks import OptionChecks
from ingestion.mapping.record_path import RecordPath
from ingestion.mapping.schema import (
    Cell,
    ColumnBlock,
    FeedBlock,
    FormatsBlock,
    LookupBlock,
    MappingFile,
)
from ingestion.mapping.unit_rules import WrittenUnits, missing_units
from ingestion.text.yaml_source import Location, YamlDocument, nearest


class Resolution:
    """Turns the written form of one mapping into feeds, and finds what is wrong on the way."""

    def __init__(
        self,
        document: YamlDocument,
        content: MappingFile,
        contracts: Contracts,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self.document = document
        self.content = content
        self.contracts = contracts
        self.connection = connection
        self.parser = ExpressionParser(connection)
        self.problems: list[tuple[Location, str]] = []
        self._checks = OptionChecks(connection, self._problem)

    def mapping(self) -> Mapping:
        """Gives the mapping.

        Raises:
            MappingError: It is wrong; names file and line of each problem.
        """
        self._checks.zone(self.content.time_zone)
        self._checks.extracted_at(self.content.extracted_at, ("extracted_at",))
        if self.content.formats is not None:
            self._checks.formats(self.content.formats, ("formats",))
        self._raise_problems()
        feeds = tuple(self._feeds())
        self._raise_problems()
        feeds = self._normalized(feeds)
        return Mapping(
            name=self.content.mapping,
            file=self.document.path,
            description=self.content.description or "",
            source_system=self.content.source_system or self.content.mapping,
            feeds=_knowing_each_other(feeds, self.contracts),
        )

    def _raise_problems(self) -> None:
        if self.problems:
            raise self.document.fail_all(self.problems)

    def _problem(self, location: Location, message: str) -> None:
        self.problems.append((location, message))

    def _feeds(self) -> Iterator[Feed]:
        for table_name, blocks in self.content.tables.items():
            is_list = ("tables", table_name, 0) in self.document.lines
            for index, block in enumerate(blocks):
                place: Location = ("tables", table_name, *([index] if is_list else []))
                table = self._table(table_name, block, place)
                if table is not None:
                    yield self._feed(table, block, place)

    def _table(self, name: str, block: FeedBlock, place: Location) -> Table | None:
        source = block.source or self.content.source
        if source not in self.contracts.sources():
            known = self.contracts.sources()
            at: Location = (*place, "source") if block.source else ("source",)
            self._problem(
                at,
                f"there is no contract '{source}'{nearest(source, known)}; there are "
                f"{', '.join(known)}",
            )
            return None
        try:
            return self.contracts.table(source, name)
        except KeyError as caught:
            self._problem(("tables", name), str(caught.args[0]))
            return None

    def _feed(self, table: Table, block: FeedBlock, place: Location) -> Feed:
        formats = _merged_formats(self.content.formats, block.formats)
        self._checks.together(formats, (*place, "formats"))
        feed = Feed(
            mapping=self.content.mapping,
            where=self.document.where(place),
            source=table.source,
            table=table.name,
            source_system=self.content.source_system or self.content.mapping,
            time_zone=self.content.time_zone,
            id_prefix=self.content.id_prefix,
            files=block.files or (),
            inline=self._inline(table, block, place),
            required=block.required,
            format=block.format,
            sheet=block.sheet,
            merged_cells=block.merged_cells,
            records=self._records(block, place),
            kind=block.kind,
            latest_by=self._latest_by(table, block),
            on_conflict=block.on_conflict,
            max_quarantined=block.max_quarantined,
            max_deleted=block.max_deleted,
            allow_empty=block.allow_empty,
            unmapped=block.unmapped,
            condition=self._condition(block.where, place),
            footer=self._footer(block.footer, place),
            parts=block.parts,
            unpivot=self._unpivot(block, place),
            extracted_at=self._extracted_at(block, place),
            formats=formats if block.rows is None else Formats(),
            csv=self._csv(block, place) if block.rows is None else CsvOptions(),
            columns=self._rules(table, block, formats, place),
        )
        self._check_feed(feed, table, block, place)
        return feed

    def _csv(self, block: FeedBlock, place: Location) -> CsvOptions:
        options = _given(self.content.csv, block.csv)
        advice = self._without_final_newline(block, place)
        return CsvOptions().model_copy(update={**options, "without_final_newline": advice})

    def _without_final_newline(self, block: FeedBlock, place: Location) -> str:
        """Says which line of the mapping lets files end without a line end."""
        written, at = (block.csv, place) if block.csv else (self.content.csv, ())
        others = (
            f"{name}: {json.dumps(value, ensure_ascii=False)}"
            for name, value in _as_written(written).items()
            if name != "final_newline"
        )
        line = f"csv: {{{', '.join([*others, 'final_newline: optional'])}}}"
        if written is None:
            return f"add the line `{line}` above `tables:` in {self.document.path}"
        return f"write `{line}` in place of the csv in {self.document.where((*at, 'csv'))}"

    def _extracted_at(self, block: FeedBlock, place: Location) -> ExtractedAt | None:
        self._checks.extracted_at(block.extracted_at, (*place, "extracted_at"))
        inherited = None if block.rows is not None else self.content.extracted_at
        given = block.extracted_at or inherited
        if given is None:
            return None
        constant = None
        if given.constant is not None:
            try:
                moment = parsed_time(given.constant, None, given.day)
                constant = in_utc(moment, self.content.time_zone)
            except ValueError:
                return None
        return ExtractedAt(
            constant=constant,
            pattern=given.pattern,
            format=given.format,
            calendar=given.calendar,
            day=given.day,
            optional=given.optional,
            column=given.column,
        )

    def _inline(self, table: Table, block: FeedBlock, place: Location) -> InlineRows | None:
        if block.rows is None:
            return None
        named = dict.fromkeys(name for row in block.rows for name in row)
        for index, row in enumerate(block.rows):
            for name in row:
                self._check_column_name(table, name, (*place, "rows", index, name))
        return InlineRows(
            header=tuple(named),
            records=tuple(tuple(_text(row.get(name)) for name in named) for row in block.rows),
            wheres=tuple(
                self.document.where((*place, "rows", index)) for index in range(len(block.rows))
            ),
        )

    def _rules(
        self, table: Table, block: FeedBlock, formats: Formats, place: Location
    ) -> tuple[ColumnRule, ...] | None:
        if not isinstance(block.columns, dict):
            return None
        rules = []
        for name, column in block.columns.items():
            at: Location = (*place, "columns", name)
            if self._check_column_name(table, name, at):
                given = _given(self.content.csv, column.lookup and column.lookup.csv)
                csv = CsvOptions().model_copy(update=given)
                rules.append(self._rule(table, name, column, formats, csv, at))
        return tuple(rules)

    def _check_column_name(self, table: Table, name: str, place: Location) -> bool:
        if name in table.column_names:
            return True
        hint = nearest(name, table.column_names)
        self._problem(place, f"the contract's table {table.full_name} has no column '{name}'{hint}")
        return False

    def _rule(
        self,
        table: Table,
        name: str,
        block: ColumnBlock,
        formats: Formats,
        csv: CsvOptions,
        place: Location,
    ) -> ColumnRule:
        own = _merged_formats(block.formats, base=formats)
        if block.format is not None:
            own = own.model_copy(update=self._own_format(table.column(name), block.format, place))
        column = table.column(name)
        if block.on_invalid == "null" and (column.required or column.primary_key):
            # Without a part of its key a row would take the place of another one.
            needs = "requires" if column.required else "knows rows by"
            self._problem(
                (*place, "on_invalid"),
                f"{table.full_name} {needs} {name}, so it cannot be left empty; its records are "
                "set aside",
            )
        units = WrittenUnits(table, name, block)
        for key, message in units.problems:
            self._problem((*place, key), message)
        own = units.formats(own)
        if own.duration and (block.unit is not None or block.scale is not None):
            self._problem(place, f"{name} has a format that says its unit; drop unit or scale")
        if own != formats:
            self._checks.together(own, place)
        recode = None
        if block.recode is not None:
            recode = tuple((key, _text(value)) for key, value in block.recode.items())
        return ColumnRule(
            column=name,
            where=self.document.where(place),
            from_column=block.from_column,
            path=self._path(block.path, place),
            constant=_text(block.constant),
            is_constant="constant" in block.model_fields_set,
            key_of=block.key_of or (),
            expression=self._expression(block.expression, place),
            lookup=self._lookup(block.lookup, csv, place),
            recode=recode,
            otherwise=block.otherwise,
            on_invalid=block.on_invalid,
            normalize=block.normalize,
            units=units.units,
            named_units=units.named,
            units_by=block.by or (),
            optional=block.optional,
            formats=own,
        )

    def _records(self, block: FeedBlock, place: Location) -> str | None:
        """Checks the path of records, and that objects around them are not asked for beyond it."""
        levels = 0
        if block.records is not None:
            try:
                levels = len(RecordPath.parsed(block.records).levels)
            except ValueError as caught:
                self._problem((*place, "records"), f"'{block.records}' {caught}")
                return None
        columns = block.columns if isinstance(block.columns, dict) else {}
        for name, column in columns.items():
            path = column.path or ""
            if len(path) - len(path.lstrip("^")) > levels:
                around = f"{levels} of them" if levels else "none, as `records:` names no list"
                self._problem(
                    (*place, "columns", name, "path"),
                    f"'{path}' reads an object further out than there are: around a record there "
                    f"is {around}",
                )
        return block.records

    def _lookup(self, block: LookupBlock | None, csv: CsvOptions, place: Location) -> Lookup | None:
        if block is None:
            return None
        at: Location = (*place, "lookup")
        self._checks.patterns(block.files, (*at, "files"))
        self._checks.csv(csv, at, may_be_text(block.format, block.files))
        return Lookup(
            files=block.files,
            key=block.key,
            by=block.by or block.key,
            value=block.value,
            normalize=in_order(
                self.content.normalize if block.normalize is None else block.normalize
            ),
            kind=block.kind,
            format=block.format,
            sheet=block.sheet,
            records=block.records,
            csv=csv,
        )

    def _own_format(
        self, column: Column, written: tuple[str, ...], place: Location
    ) -> dict[str, tuple[str, ...]]:
        """Gives what `format` of a column says, under the name it has among formats."""
        unit = duration_unit(column)
        if unit is not None:
            unknown = next((name for name in written if name not in DURATION_FORMATS), None)
            if unknown is not None:
                self._problem(
                    (*place, "format"),
                    f"'{unknown}' is no format of {unit}{nearest(unknown, DURATION_FORMATS)}; "
                    f"there are {' and '.join(DURATION_FORMATS)}",
                )
            return {"duration": written}
        if column.logical_type not in {"date", "timestamp"}:
            self._problem(
                place,
                f"'format' is for dates, timestamps and columns of minutes or hours; {column.name} "
                "is none",
            )
        for name in sorted(set(written) & set(DURATION_FORMATS)):
            self._problem(
                (*place, "format"),
                f"'{name}' is for columns of minutes or hours; {column.name} is a "
                f"{column.logical_type}",
            )
        return {column.logical_type: written}

    def _path(self, path: str | None, place: Location) -> tuple[str, str] | None:
        """Splits a JSON path into the key of the record and the rest below it."""
        if path is None:
            return None
        found = _PATH.fullmatch(path)
        if found is None:
            self._problem(
                (*place, "path"),
                f"'{path}' is no path into a record; write it like $.money.amount or $.\"a b\"[0], "
                "and ^.id for the object around the record",
            )
            return None
        first = found["plain"] or found["quoted"]
        if found["up"] != "$":
            first = f"{found['up']}.{first}"
        return first, f"${found['rest']}" if found["rest"] else ""

    def _expression(
        self, text: str | None, place: Location, key: str = "expression"
    ) -> Expression | None:
        if text is None:
            return None
        try:
            return self.parser.parse(text)
        except ExpressionError as caught:
            self._problem((*place, key), f"the expression `{_short(text)}` {caught}")
            return None

    def _condition(self, text: str | None, place: Location) -> Expression | None:
        """Reads `where`, which must say yes or no of each record."""
        found = self._expression(text, place, "where")
        if text is not None and found is not None and found.result_type != "BOOLEAN":
            self._problem(
                (*place, "where"),
                f"the condition `{_short(text)}` is true or false of no record; compare a column "
                "with something, such as Kind = 'deal'",
            )
        return found

    def _footer(self, given: int | str | None, place: Location) -> int | str | None:
        if isinstance(given, str):
            try:
                self.connection.execute("select regexp_matches('', ?)", [given])
            except duckdb.Error as caught:
                message = str(caught).splitlines()[0]
                self._problem((*place, "footer"), f"'{given}' is no regular expression: {message}")
        return given

    def _unpivot(self, block: FeedBlock, place: Location) -> Unpivot | None:
        given = block.unpivot
        if given is None:
            return None
        at: Location = (*place, "unpivot")
        if given.pattern is None:
            return Unpivot(columns=given.columns or (), name=given.name, value=given.value)
        groups: dict[str, int] = {}
        try:
            groups = dict(re.compile(given.pattern).groupindex)
            self.connection.execute("select regexp_matches('', ?)", [given.pattern])
        except re.error as caught:
            self._problem((*at, "pattern"), f"'{given.pattern}' is no regular expression: {caught}")
        except duckdb.Error as caught:
            message = str(caught).splitlines()[0]
            self._problem((*at, "pattern"), f"'{given.pattern}' cannot be searched for: {message}")
        taken = next((name for name in groups if name in {given.name, given.value}), None)
        if taken is not None:
            self._problem(
                (*at, "pattern"),
                f"the group '{taken}' has the name of the column's name or value; give that "
                "another one with `name:` or `value:`",
            )
        return Unpivot(
            pattern=given.pattern,
            groups=tuple(groups),
            group_numbers=tuple(groups.values()),
            name=given.name,
            value=given.value,
        )

    def _check_feed(self, feed: Feed, table: Table, block: FeedBlock, place: Location) -> None:
        if feed.columns is not None:
            self._check_complete(feed.columns, table, place)
        if feed.unpivot is not None and not self.problems:
            self._checks.unpivot(feed, feed.unpivot, (*place, "unpivot"))
        for name in block.latest_by or ():
            self._check_latest_by(feed, table, name, (*place, "latest_by"))
        if feed.footer is not None and feed.sheet is not None and set("*?") & set(feed.sheet):
            self._problem(
                (*place, "footer"), "footer is for one sheet; name it, or use `where` instead"
            )
        self._checks.patterns(feed.files, (*place, "files"))
        if feed.inline is None:
            self._checks.csv(feed.csv, place, may_be_text(feed.format, feed.files))
        for at, formats in _written_formats(block, place):
            self._checks.formats(formats, at)

    def _latest_by(self, table: Table, block: FeedBlock) -> tuple[str, ...]:
        """Gives what the feed says, else what the contract says as far as the feed has it."""
        if block.latest_by is not None:
            return block.latest_by
        if block.rows is not None:
            return ()
        columns = block.columns if isinstance(block.columns, dict) else table.column_names
        return tuple(name for name in table.latest_by if name in columns)

    def _check_latest_by(self, feed: Feed, table: Table, name: str, place: Location) -> None:
        is_known = self._check_column_name(table, name, place)
        mapped = table.column_names
        if feed.columns is not None:
            mapped = tuple(rule.column for rule in feed.columns)
        if is_known and name not in mapped:
            self._problem(place, f"latest_by needs {name} among the columns")
        # The newest record of a key would come last for want of the very time that says so.
        if any(r.column == name and r.on_invalid == "null" for r in feed.columns or ()):
            self._problem(
                place, f"latest_by goes by {name}, so its on_invalid cannot be null: leave it out"
            )

    def _normalized(self, feeds: tuple[Feed, ...]) -> tuple[Feed, ...]:
        columns = NormalizedColumns(feeds, self.content.normalize, self.contracts)
        normalized = tuple(columns.feeds())
        wrong = [
            *columns.problems,
            *(each for feed in normalized for each in same_codes(feed)),
            *missing_units(normalized, self.contracts),
        ]
        if wrong:
            raise MappingError("\n".join(f"{where}: {message}" for where, message in wrong))
        return normalized

    def _check_complete(self, rules: tuple[ColumnRule, ...], table: Table, place: Location) -> None:
        mapped = {rule.column for rule in rules}
        missing = [c.name for c in table.columns if c.required and c.name not in mapped]
        if missing:
            names = ", ".join(missing)
            self._problem(
                (*place, "columns"), f"{table.full_name} requires {names}; say where it comes from"
            )


def _knowing_each_other(feeds: tuple[Feed, ...], contracts: Contracts) -> tuple[Feed, ...]:
    """Tells each feed what the others read, so that it can be told what nothing reads."""
    masked = [contracts.table(feed.source, feed.table).has_masked_columns for feed in feeds]
    readers = [(i, feed.files, feed.sheet) for i, feed in enumerate(feeds) if feed.files]
    identities = [feed.identity for feed in feeds]
    return tuple(
        feed.model_copy(
            update={
                "beside": tuple(
                    OtherReader(files=files, sheet=sheet, is_before=i < number, is_masked=masked[i])
                    for i, files, sheet in readers
                    if i != number
                ),
                "is_masked": masked[number],
                "twin": identities[:number].count(feed.identity),
            }
        )
        for number, feed in enumerate(feeds)
    )


_PATH = re.compile(
    r'(?P<up>\$|\^+)\.(?:(?P<plain>[^."\[\]\s*]+)|"(?P<quoted>[^"]+)")'
    r'(?P<rest>(?:\.[^."\[\]\s*]+|\."[^"]+"|\[\d+\])*)'
)


def _written_formats(block: FeedBlock, place: Location) -> Iterator[tuple[Location, FormatsBlock]]:
    if block.formats is not None:
        yield (*place, "formats"), block.formats
    columns = block.columns if isinstance(block.columns, dict) else {}
    for name, column in columns.items():
        at: Location = (*place, "columns", name)
        if column.formats is not None:
            yield (*at, "formats"), column.formats
        if column.format is not None and not set(column.format) <= set(DURATION_FORMATS):
            yield (*at, "format"), FormatsBlock(date=column.format)


def _short(text: str) -> str:
    """Gives an expression on one line, cut where it is long."""
    shown = " ".join(text.split())
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _merged_formats(*blocks: FormatsBlock | None, base: Formats | None = None) -> Formats:
    return (base or Formats()).model_copy(update=_given(*blocks))


def _as_written(block: BaseModel | None) -> dict[str, Any]:
    """Gives the keys that a block has in the file, with plain values."""
    return block.model_dump(mode="json", by_alias=True, exclude_unset=True) if block else {}


def _given(*blocks: BaseModel | None) -> dict[str, Any]:
    """Gives the options that the blocks set; later blocks win."""
    return {
        name: value
        for block in blocks
        if block is not None
        for name, value in block
        if value is not None
    }


def _text(value: Cell) -> str | None:
    """Gives a value of the mapping as a cell would hold it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return None if value is None else str(value)
