"""Leads of the demo company are what they claim to be: who asks, how fast they are answered, what comes of it."""

import csv
from collections import Counter
from datetime import UTC, datetime
from math import isclose
from pathlib import Path
from random import Random
from statistics import median

import pytest

from simulation import simulate
from simulation.answer_key.leads_key import LeadsKey, kaplan_meier_median, odds_ratio
from simulation.company.business_calendar import date_of
from simulation.company.locales import ENGLISH, LOCALES, Locale
from simulation.company.structure import Company, build_company
from simulation.company.timeline import SECONDS_PER_DAY, Timeline
from simulation.demand.lead_course import QUALIFYING_ODDS_RATIO, LeadCourse, slow_reps
from simulation.demand.leads import Lead, incoming_leads

OF_LEADS = {"leads", "lead_statuses", "lead_status_history", "contacts", "activities"}
FIRST = "night_2026-01-05"
SEEDS = 100
LEADS = 1500


def timeline_of(locale: Locale) -> Timeline:
    return Timeline(3, calendar=locale.calendar)


def company_of(locale: Locale) -> Company:
    return build_company(timeline_of(locale), 11, 0.05, 1000, locale)


def leads_of(company: Company, seed: int, number: int = LEADS) -> list[Lead]:
    timeline = timeline_of(company.locale)
    leads = incoming_leads(company, timeline, seed, number)
    LeadCourse(company, timeline, seed).run(leads)
    return leads


def answered(lead: Lead) -> int | None:
    """Gives the seconds to the first outreach by a person."""
    return min(
        (
            each.second - lead.created
            for each in lead.activities
            if each.kind in ("email", "call", "meeting")
            and each.direction != "incoming"
            and each.status == "held"
            and not each.is_automatic
        ),
        default=None,
    )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leads")
    simulate(folder, scale=0.05, seed=11, nights=3, people=False)
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def good(company: Path, table: str, night: str = FIRST) -> list[dict[str, str]]:
    """Gives the rows of a table that nothing is wrong with, each once."""
    (path,) = (company / "extracts" / night).glob(f"{table}.*csv")
    rows = [each for each in read(path) if None not in each]
    # Broken rows have keys of their own.
    kept = [each for each in rows if not next(iter(each.values())).startswith("ZZ-")]
    kept = [each for each in kept if next(iter(each.values()))]
    return [dict(each) for each in dict.fromkeys(tuple(row.items()) for row in kept)]


def test_nothing_else_changes_with_them(company: Path, tmp_path: Path):
    simulate(tmp_path, scale=0.05, seed=11, nights=3, people=False, leads=False)
    for path in tmp_path.glob("extracts/*/*"):
        other = company / path.relative_to(tmp_path)
        assert path.read_bytes() == other.read_bytes()
    more = {
        path.name.split(".")[0]
        for path in company.glob("extracts/*/*")
        if not (tmp_path / path.relative_to(company)).exists()
    }
    assert more == OF_LEADS
    assert not (tmp_path / "expected" / "lead_responses.csv").exists()


def test_the_planted_odds_ratio_lies_in_its_interval():
    company = company_of(ENGLISH)
    inside = 0
    for seed in range(SEEDS):
        counts = Counter[tuple[bool, bool]]()
        for lead in leads_of(company, seed, LEADS // 3):
            seconds = answered(lead)
            if seconds is not None and seconds > 3600:
                counts[seconds <= 86_400, lead.qualified is not None] += 1
        _, lower, upper = odds_ratio(
            counts[True, True], counts[True, False], counts[False, True], counts[False, False]
        )
        inside += lower <= QUALIFYING_ODDS_RATIO <= upper
    assert inside >= 93


def test_slow_reps_are_slow_and_leave_more_leads_alone():
    company = company_of(ENGLISH)
    slow = slow_reps(company, 11)
    by_rep = {
        is_slow: [
            answered(each)
            for each in leads_of(company, 11)
            if each.rep >= 0 and (each.rep in slow) == is_slow
        ]
        for is_slow in (True, False)
    }
    medians = {
        is_slow: median(each for each in found if each is not None)
        for is_slow, found in by_rep.items()
    }
    assert medians[True] > 4 * medians[False]
    untouched = {is_slow: found.count(None) / len(found) for is_slow, found in by_rep.items()}
    assert untouched[True] > 1.5 * untouched[False]


@pytest.mark.parametrize("locale", LOCALES.values(), ids=list(LOCALES))
def test_leads_come_at_night_on_weekends_and_on_holidays(locale: Locale):
    days_off = {each.on for each in locale.days_off} | locale.business_days_off()
    came = Counter[str]()
    for lead in leads_of(company_of(locale), 11):
        came["night"] += not 7 <= lead.created % SECONDS_PER_DAY // 3600 < 21
        came["weekend"] += locale.calendar.weekday(lead.created_day) >= 5
        came["holiday"] += date_of(lead.created_day) in days_off
    assert came["night"] > 0.1 * LEADS
    assert 0.05 * LEADS < came["weekend"] < 0.3 * LEADS
    assert came["holiday"] > 0


def test_some_leads_became_deals_that_were_created_after_them(company: Path):
    deals = {row["opportunity_id"]: row for row in good(company, "opportunities")}
    converted = [row for row in good(company, "leads") if row["is_converted"] == "true"]
    contacts = {row["contact_id"]: row for row in good(company, "contacts")}
    assert 0.15 * len(deals) < len(converted) < 0.4 * len(deals)
    assert len({row["converted_opportunity_id"] for row in converted}) == len(converted)
    for row in converted:
        deal = deals[row["converted_opportunity_id"]]
        created = row["created_at"] or row["created_date"]
        assert created < (deal["created_at"] or deal["created_date"] + " 24")
        assert deal["account_id"] == row["converted_account_id"]
        assert contacts[row["converted_contact_id"]]["email"] == row["email"]


def test_what_looks_like_an_answer_and_is_none(company: Path):
    rows = good(company, "activities")
    kinds = Counter(
        (row["activity_type"], row["direction"], row["outcome"], row["is_automatic"])
        for row in rows
    )
    assert kinds["email", "outgoing", "", "true"] > 100
    assert kinds["email", "incoming", "out_of_office", "false"] > 20
    assert kinds["task", "", "", "false"] > 20
    assert {row["activity_status"] for row in rows} == {"held", "planned", "cancelled"}
    problems = Counter(row["problem"] for row in read(company / "expected" / "lead_problems.csv"))
    assert problems == {
        "activity_before_lead": 1,
        "unknown_lead": 3,
        "converted_twice": 1,
        "unknown_creation": 1,
    }


def test_what_comes_before_the_lead_is_no_answer(company: Path):
    created = {row["lead_id"]: row["created_at"] for row in good(company, "leads")}
    early = [
        row
        for row in good(company, "activities")
        if row["started_at"] < created.get(row["lead_id"], "")
    ]
    found = read(company / "expected" / "lead_problems.csv")
    assert [row["activity_id"] for row in early] == [
        row["event_id"] for row in found if row["problem"] == "activity_before_lead"
    ]


@pytest.mark.parametrize("locale", LOCALES.values(), ids=list(LOCALES))
def test_business_time_is_that_of_a_count_minute_by_minute(locale: Locale):
    key = LeadsKey([], company_of(locale), timeline_of(locale))
    off = locale.business_days_off()
    random = Random(5)
    begin = int(datetime.fromisoformat("2025-03-10T00:00:00+00:00").timestamp())
    lengths = []
    for _ in range(60):
        first = begin + 60 * random.randrange(30 * 1440)
        last = first + 60 * random.randrange(8 * 1440)
        minutes = 0
        for minute in range(first // 60, last // 60):
            day, of_day = divmod(minute, 1440)
            is_open = locale.calendar.weekday(day) < 5 and date_of(day) not in off
            minutes += is_open and 9 * 60 <= of_day < 17 * 60
        assert key.business_seconds(first, last) == 60 * minutes
        lengths.append(minutes)
    assert 0 in lengths
    assert max(lengths) > 3 * 480


@pytest.mark.parametrize("locale", LOCALES.values(), ids=list(LOCALES))
def test_an_office_does_not_work_on_its_own_holiday(locale: Locale):
    key = LeadsKey([], company_of(locale), timeline_of(locale))
    (day,) = (each.on for each in locale.days_off if each.name == "Day of the office")
    first = int(datetime.combine(day, datetime.min.time(), UTC).timestamp())
    worked = [key.business_seconds(first, first + 86_400, branch) for branch in (-1, 0, 1)]
    assert worked == [8 * 3600, 0, 8 * 3600]


def test_a_median_with_those_that_wait():
    # Of six, one is seen for 2 only: 5/6, then 3/4 of it, then 2/3 and 1/2 of that.
    seen = [(1, True), (2, False), (3, True), (4, True), (5, True), (9, False)]
    assert kaplan_meier_median(seen) == 4
    assert kaplan_meier_median([(1, True), (2, False), (3, False)]) is None


def test_an_odds_ratio_by_hand():
    ratio, lower, upper = odds_ratio(30, 70, 20, 80)
    assert isclose(ratio, 30 * 80 / (70 * 20))
    assert isclose(lower, 0.8946, rel_tol=1e-3)
    assert isclose(upper, 3.2851, rel_tol=1e-3)
    assert odds_ratio(0, 5, 1, 4)[0] == pytest.approx(0.5 * 4.5 / (5.5 * 1.5))
