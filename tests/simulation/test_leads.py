"""Leads and campaigns of the demo company are what they claim to be: who asks and why, how fast they
are answered, what comes of it.
"""

import csv
from collections import Counter
from datetime import UTC, datetime
from math import isclose
from pathlib import Path
from random import Random
from statistics import median

import pytest
from simulated_leads import answered, company_of, leads_of, timeline_of

from simulation import simulate
from simulation.answer_key.leads_key import LeadsKey, kaplan_meier_median, odds_ratio
from simulation.company.business_calendar import date_of
from simulation.company.locales import ENGLISH, LOCALES, Locale
from simulation.company.timeline import SECONDS_PER_DAY
from simulation.demand.lead_course import slow_reps

OF_DEMAND = {
    "leads", "lead_statuses", "lead_status_history", "contacts", "activities", "campaigns",
    "campaign_costs", "campaign_members", "touches", "opportunity_contacts",
}  # fmt: skip
FIRST = "night_2026-01-05"
LEADS = 1500


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


def without_campaigns(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    place = header.index("campaign_id")
    return [row[:place] + row[place + 1 :] for row in rows]


def test_nothing_else_changes_with_them(company: Path, tmp_path: Path):
    simulate(tmp_path, scale=0.05, seed=11, nights=3, people=False, leads=False)
    for path in tmp_path.glob("extracts/*/*"):
        other = company / path.relative_to(tmp_path)
        if path.name.startswith("opportunities."):
            # But for the campaign that a deal names, which there is none of then.
            assert without_campaigns(path) == without_campaigns(other)
            assert {row.get("campaign_id") or "" for row in read(path)} == {""}
        else:
            assert path.read_bytes() == other.read_bytes()
    more = {
        path.name.split(".")[0]
        for path in company.glob("extracts/*/*")
        if not (tmp_path / path.relative_to(company)).exists()
    }
    assert more == OF_DEMAND
    for name in ("lead_responses", "campaigns"):
        assert not (tmp_path / "expected" / f"{name}.csv").exists()


def test_slow_reps_are_slow_and_leave_more_leads_alone():
    company = company_of(ENGLISH)
    slow = slow_reps(company, 11)
    by_rep = {
        is_slow: [
            answered(each)
            for each in leads_of(company, 11, LEADS)
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
    for lead in leads_of(company_of(locale), 11, LEADS):
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


def brought(company: Path, model: str) -> Counter[str]:
    """Gives the cents that a model gives to each campaign, deals that are open included."""
    found = Counter[str]()
    for row in read(company / "expected" / "attribution.csv"):
        if row["attribution_model"] == model and row["campaign_id"] != "unknown":
            found[row["campaign_id"]] += round(100 * float(row["attributed_value"]))
    return found


def test_one_campaign_looks_good_on_last_touch_alone(company: Path):
    (reminder,) = [
        row["campaign_id"]
        for row in good(company, "campaigns")
        if row["campaign_name"] == "Offer reminder"
    ]
    by_model = {
        model: brought(company, model)
        for model in ("first_touch", "lead_creation", "linear", "last_touch")
    }
    earned = {model: found[reminder] for model, found in by_model.items()}
    assert reminder in [campaign for campaign, _ in by_model["last_touch"].most_common(2)]
    assert by_model["first_touch"].most_common()[-1][0] == reminder
    assert 10 * earned["first_touch"] < earned["last_touch"]
    assert earned["lead_creation"] == 0
    assert earned["linear"] < earned["last_touch"] / 2


def test_campaigns_nest_and_cost_in_several_currencies(company: Path):
    campaigns = {row["campaign_id"]: row for row in good(company, "campaigns")}
    parents = {row["parent_campaign_id"] for row in campaigns.values()} - {""}
    assert len(parents) == 1
    assert parents < campaigns.keys()
    assert {row["currency_code"] for row in campaigns.values()} == {"", "USD", "EUR", "GBP"}
    by_day = good(company, "campaign_costs")
    assert {row["currency_code"] for row in by_day} == {"", "EUR"}
    assert min(float(row["cost_amount"]) for row in by_day) < 0


def test_touches_come_before_and_after_each_key_point(company: Path):
    created = {row["lead_id"]: row["created_at"] for row in good(company, "leads")}
    touches = [row for row in good(company, "touches") if created.get(row["lead_id"])]
    after = Counter(row["touched_at"] > created[row["lead_id"]] for row in touches)
    assert min(after[True], after[False]) > 20
    deals = {row["opportunity_id"]: row for row in good(company, "opportunities")}
    people = {
        row["converted_contact_id"]: deals[row["converted_opportunity_id"]]
        for row in good(company, "leads")
        if row["is_converted"] == "true"
    }
    when = Counter[str]()
    for row in good(company, "touches"):
        deal = people.get(row["contact_id"], {})
        if deal.get("closed_at"):
            when["late"] += row["touched_at"] > deal["closed_at"]
            when["in time"] += row["touched_at"] < deal["closed_at"]
    assert min(when["late"], when["in time"]) > 10


def test_deals_and_their_leads_name_one_campaign(company: Path):
    deals = {row["opportunity_id"]: row for row in good(company, "opportunities")}
    named = [row["campaign_id"] for row in deals.values() if row["campaign_id"]]
    assert len(named) > 50
    campaigns = {row["campaign_id"] for row in good(company, "campaigns")}
    assert set(named) < campaigns
    both = [
        (row["campaign_id"], deals[row["converted_opportunity_id"]]["campaign_id"])
        for row in good(company, "leads")
        if row["is_converted"] == "true"
    ]
    assert sum(lead == deal != "" for lead, deal in both) > 10
    assert all(lead == deal for lead, deal in both if deal)


def test_members_respond_from_night_to_night(company: Path):
    statuses: dict[str, list[str]] = {}
    told = Counter[str]()
    for folder in sorted((company / "extracts").iterdir()):
        for row in good(company, "campaign_members", folder.name):
            statuses.setdefault(row["campaign_member_id"], []).append(row["member_status"])
            if folder.name != FIRST and row["has_responded"] == "true":
                way = "moment" * bool(row["first_responded_at"])
                told[way or "day" * bool(row["first_responded_date"]) or "status"] += 1
    changed = [each for each in statuses.values() if each == ["sent", "responded"]]
    assert len(changed) >= 6
    assert set(told) == {"moment", "day", "status"}
