"""The options of a mapping, each checked as it is written.

Belongs here: time zones, formats, patterns and the options of text files. Does not belong here:
inheritance, names of tables and columns, and what options make of a feed (`resolution`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import duckdb

from ingestion.mapping.feeds import CsvOptions, Feed, Formats, Unpivot, parsed_time
from ingestion.mapping.format_names import NUMBER_FORMATS
from ingestion.mapping.jalali_names import is_known_name_format
from ingestion.mapping.schema import ExtractedAtBlock, FormatsBlock, SkipLinesBlock
from ingestion.text.jalali import is_known_format
from ingestion.text.scripts import kinds_of
from ingestion.text.yaml_source import Location, nearest


class OptionChecks:
    """Checks options and hands on what is wrong.

    Args:
        connection: Any connection; formats are tried with it.
        problem: Takes the place and the message of each problem.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, problem: Callable[[Location, str], None]
    ) -> None:
        self._connection = connection
        self._problem = problem

    def zone(self, name: str) -> None:
        """Checks a time zone."""
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self._problem(
                ("time_zone",),
                f"there is no time zone '{name}'; "
                "use an IANA name such as Europe/Berlin or Asia/Tehran",
            )

    def extracted_at(self, block: ExtractedAtBlock | None, place: Location) -> None:
        """Checks the time that extracts speak for, as far as it is written."""
        if block is None:
            return
        if block.constant is not None:
            try:
                parsed_time(block.constant, None)
            except ValueError:
                self._problem(
                    (*place, "constant"), f"'{block.constant}' is no ISO timestamp or date"
                )
        if block.pattern is not None:
            self._time_pattern(block.pattern, (*place, "pattern"))
        is_jalali = block.calendar == "jalali" and block.format is not None
        if is_jalali and not is_known_name_format(block.format or ""):
            self._problem(
                (*place, "format"),
                f"the format '{block.format}' cannot be read in the Jalali calendar, which knows "
                "%Y %m %d %H %M %S here and needs year, month and day once",
            )

    def _time_pattern(self, pattern: str, place: Location) -> None:
        try:
            groups = re.compile(pattern).groupindex
        except re.error as caught:
            self._problem(place, f"'{pattern}' is no regular expression: {caught}")
            return
        if "time" not in groups:
            self._problem(place, "the pattern needs a group named time, such as (?P<time>[0-9-]+)")

    def formats(self, block: FormatsBlock, place: Location) -> None:
        """Checks formats one by one."""
        for key, formats in (("date", block.date), ("timestamp", block.timestamp)):
            for text in formats or ():
                self._time_format(text, (*place, key))

    def _time_format(self, text: str, place: Location) -> None:
        if text in NUMBER_FORMATS:
            return
        try:
            self._connection.execute("select try_strptime('', ?)", [text])
        except duckdb.Error as caught:
            self._problem(place, f"the format '{text}' is not understood: {caught}")
        if "%" not in text:
            self._problem(
                place,
                f"the format '{text}' holds no code such as %Y, and is none of "
                f"{', '.join(NUMBER_FORMATS)}{nearest(text, NUMBER_FORMATS)}",
            )

    def together(self, formats: Formats, place: Location) -> None:
        """Checks what only shows when inherited options are put together."""
        if formats.thousands and formats.decimal_point in kinds_of(formats.thousands):
            self._problem(place, "thousands and decimal_point are the same character")
        if formats.calendar != "jalali":
            return
        for name in (*formats.date, *formats.timestamp):
            if name not in NUMBER_FORMATS and not is_known_format(name):
                self._problem(
                    place,
                    f"the format '{name}' cannot be read in the Jalali calendar, which knows "
                    "%Y %y %m %d %B %b %H %M %S %f and needs year, month and day once",
                )

    def patterns(self, patterns: tuple[str, ...], place: Location) -> None:
        """Checks the globs of files."""
        for index, pattern in enumerate(patterns):
            if pattern.startswith(("/", "~")) or "\\" in pattern or ".." in pattern.split("/"):
                self._problem(
                    (*place, index),
                    f"'{pattern}' must be relative to the source's folder, with / and without ..",
                )

    def csv(self, csv: CsvOptions, place: Location, is_text: bool) -> None:
        """Checks how delimited text files are built."""
        # What the top says of the mapping's text files is nothing to a feed of another format.
        if is_text and csv.header == bool(csv.columns):
            self._problem(
                (*place, "csv"), "csv needs columns where header is false, and only there"
            )
        self._skip_lines(csv.skip_lines, (*place, "csv", "skip_lines"))
        if len(set(csv.columns)) < len(csv.columns):
            self._problem((*place, "csv", "columns"), "csv.columns names a column twice")

    def _skip_lines(self, given: int | SkipLinesBlock, place: Location) -> None:
        if isinstance(given, int):
            return
        try:
            re.compile(given.until)
        except re.error as caught:
            self._problem((*place, "until"), f"'{given.until}' is no regular expression: {caught}")

    def unpivot(self, feed: Feed, unpivot: Unpivot, place: Location) -> None:
        """Checks that what is unpivoted is read by the names that it has afterwards."""
        if len(set(unpivot.columns)) < len(unpivot.columns):
            self._problem((*place, "columns"), "unpivot.columns names a column twice")
        if feed.columns is None:
            return
        read = feed.extract_columns
        gone = [name for name in read if name in unpivot.columns]
        if unpivot.pattern is not None:
            made = {unpivot.name, unpivot.value, *unpivot.groups}
            form = re.compile(unpivot.pattern)
            gone += [name for name in read if name not in made and form.fullmatch(name)]
        for name in gone:
            self._problem(
                place,
                f"the column '{name}' becomes records, so its content is read as "
                f"'{unpivot.value}' and its name as '{unpivot.name}'",
            )
        if unpivot.value not in read:
            self._problem(
                place,
                f"nothing reads '{unpivot.value}', which holds what stands in the cells; use it "
                "among the columns",
            )
