"""Spans and moments, as they are written on the command line and shown."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestration.errors import UsageError
from orchestration.reports.ages import moment_text, parse_span, span_text


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("26h", timedelta(hours=26)),
        ("90m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1d12h", timedelta(hours=36)),
        (" 2D ", timedelta(days=2)),
    ],
)
def test_spans_are_read(text: str, span: timedelta):
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["26", "h", "26 hours", "-2d", "0h", "2w", "", "9999999999999d"])
def test_what_is_no_span_says_how_to_write_one(text: str):
    with pytest.raises(UsageError, match="26h"):
        parse_span(text)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(minutes=26), "26 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=26, minutes=5), "1 d 2 h"),
        (timedelta(days=3), "3 d"),
        (timedelta(hours=1, minutes=5), "1 h 5 min"),
    ],
)
def test_spans_are_written_in_two_units(span: timedelta, text: str):
    assert span_text(span) == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "2026-03-29 01:30 UTC"),
        # The night in which summer time begins there.
        ("Europe/Berlin", "2026-03-29 03:30 Europe/Berlin (2026-03-29 01:30 UTC)"),
        ("Asia/Tehran", "2026-03-29 05:00 Asia/Tehran (2026-03-29 01:30 UTC)"),
    ],
)
def test_moments_carry_both_zones(zone: str, text: str):
    assert moment_text(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), zone) == text
