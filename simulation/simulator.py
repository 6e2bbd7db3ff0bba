"""The simulation from start to end: company, history, nights, extracts, answer key.

Belongs here: the order of the steps and the files of the answer key. Does not: any of the steps.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from simulation.answer_key.answer_key import AnswerKey
from simulation.answer_key.campaigns_key import deals_of_night
from simulation.answer_key.deal_timelines import TimelineReader
from simulation.answer_key.history_key import HistoryKey
from simulation.answer_key.targets_key import TargetsKey
from simulation.company.currencies import draw_rates
from simulation.company.locales import LOCALES, PERSIAN
from simulation.company.structure import NEVER, build_company
from simulation.company.timeline import Timeline
from simulation.deals.deal_history import write_past
from simulation.deals.deals import NONE, generate_deals
from simulation.deals.line_items import generate_line_items
from simulation.deals.nights import SalesFloor
from simulation.deals.oddities import (
    never_shown,
    plant_line_oddities,
    plant_oddities,
    planted_per_kind,
)
from simulation.deals.targets import draw_targets
from simulation.demand.campaigns import name_campaigns
from simulation.demand_simulation import DemandSimulation
from simulation.extracts.night_extract import NightExtracts
from simulation.extracts.writing import opportunity_id
from simulation.people_simulation import CROSSWALK, PeopleSimulation
from simulation.persian.persian_extracts import write_persian_company

DEALS_AT_SCALE_1 = 20_000
SMALLEST_SCALE = 0.05
MOST_NIGHTS = 60
LISTED_DEALS = 50_000
"""Up to so many deals the answer key lists each of them; beyond, only what is added up."""


@dataclass(frozen=True)
class SimulationSummary:
    """What a simulation has written.

    Attributes:
        folder: Holds `extracts/`, one folder per night, and `expected/`, the answer key.
        nights: Dates of the nights.
        opportunities: Deals that the extracts have shown by the last night.
        line_items: Line items that they have shown.
        rows: Records written to all files.
        defects: Records among them that must be set aside.
        seconds: How long it took, answer key included.
    """

    folder: Path
    nights: tuple[date, ...]
    opportunities: int
    line_items: int
    rows: int
    defects: int
    seconds: float


def simulate(
    folder: Path,
    scale: float = 1,
    seed: int = 7,
    nights: int = 3,
    people: bool = True,
    locale: str = "en",
    leads: bool = True,
) -> SimulationSummary:
    """Simulate a B2B company and write its nightly extracts and their answer key.

    Args:
        folder: Where to write; `extracts` and `expected` are made in it, of another locale than
            `en` also `company.yml` and `plain`, the extracts without its spelling.
        scale: 1 for 20,000 deals at the last night; 0.05 or more.
        seed: Seed of all random numbers; the same seed gives the same files.
        nights: How many nights, 1 to 60. The first extract is full, the later ones hold changes.
        people: Whether HR and payroll are simulated too; beyond 50,000 deals they never are.
        locale: Where the company works: `en`, or `fa` for one in Tehran.
        leads: Whether leads and campaigns are simulated too; beyond 50,000 deals they never are.

    Raises:
        ValueError: The locale is unknown, or the scale, seed or number of nights is out of range.
    """
    if scale < SMALLEST_SCALE:
        raise ValueError(f"The scale is {scale}; it must be at least {SMALLEST_SCALE}.")
    if not 1 <= nights <= MOST_NIGHTS:
        raise ValueError(f"{nights} nights were asked for; it must be 1 to {MOST_NIGHTS}.")
    if seed < 0:
        raise ValueError(f"The seed is {seed}; it must be 0 or more.")
    if locale not in LOCALES:
        raise ValueError(f"The locale is {locale}; it must be one of {', '.join(LOCALES)}.")
    begin = perf_counter()
    place = LOCALES[locale]
    timeline = Timeline(nights, calendar=place.calendar)
    per_kind = planted_per_kind(scale)
    number = round(DEALS_AT_SCALE_1 * scale) + never_shown(nights, per_kind)

    company = build_company(timeline, seed, scale, number, place)
    rates = draw_rates(timeline, seed, place)
    deals, course, past = generate_deals(company, timeline, seed, number)
    oddities = plant_oddities(deals, course, timeline, seed, per_kind)
    lines = generate_line_items(deals, deals.first_night == NEVER, seed)
    added_lines = plant_line_oddities(lines, deals, timeline, seed, per_kind)
    log, odd_histories = write_past(
        company, deals, past, timeline, seed, per_kind, oddities.protected
    )
    targets = draw_targets(company, deals, timeline, seed, per_kind)

    floor = SalesFloor(
        company,
        deals,
        course,
        lines,
        oddities,
        log,
        odd_histories.tracked,
        added_lines,
        timeline,
        seed,
        per_kind,
    )
    is_listed = number <= LISTED_DEALS
    has_people = people and is_listed
    has_demand = leads and is_listed
    campaigns = np.full(number, NONE, dtype=np.int8)
    if has_demand:
        campaigns = name_campaigns(deals, seed)
    extracts = NightExtracts(
        folder / "extracts", company, rates, targets, oddities, campaigns, timeline, seed, per_kind
    )
    if has_people:
        # It says who is who in HR and payroll too, which are drawn when all deals are known.
        extracts.left_out.add(CROSSWALK)
    key = AnswerKey(company, rates, timeline)
    pipelines, deals_by_night = [], []
    for night in range(1, nights + 1):
        extracts.write(floor.play(night), deals, log, lines)
        is_open = ~deals.is_closed & ~deals.is_excluded
        pipelines.append(key.pipeline(key.known_deals(night, deals, lines, is_open), night))
        if has_demand:
            known = key.known_deals(night, deals, lines, ~deals.is_excluded)
            deals_by_night.append(deals_of_night(known))
    extracts.close()
    closed = key.known_deals(nights, deals, lines, deals.is_closed & ~deals.is_excluded)

    expected = folder / "expected"
    expected.mkdir(parents=True, exist_ok=True)
    tables = {
        "pipeline": pd.concat(pipelines, ignore_index=True),
        "metrics_by_month": key.metrics_by_month(closed),
        "references_to_nothing": key.references_to_nothing(
            deals, lines, extracts.changes_of_no_deal, targets
        ),
        "closes_before_creation": key.closes_before_creation(closed),
        "excluded_deals": key.excluded_deals(deals),
    }
    if is_listed:
        tables["deals"] = key.deals(key.known_deals(nights, deals, lines))
        reader = TimelineReader(company, rates, timeline, deals, lines, log)
        timelines = list(reader.read())
        history = HistoryKey(timelines, reader, timeline, place.size_bands)
        levels = key.levels(closed, closed.deals.closing_known_day)
        met = TargetsKey(targets, closed, levels, timelines, reader, timeline)
        tables |= {
            "pipeline_history": history.pipeline(),
            "movements": history.movements(),
            "stages": history.stages(),
            "efficiency": history.efficiency(),
            "pushes": history.pushes(closed, levels),
            "win_loss": history.win_loss(closed, levels),
            "quotas": met.quotas(),
            "forecasts": met.forecasts(),
            "target_problems": met.problems(),
            "contradicting_deals": pd.DataFrame(
                {"opportunity_id": [opportunity_id(each) for each in odd_histories.contradicting]}
            ),
        }
        if has_people:
            staff = PeopleSimulation(
                company, rates, met, timelines, deals, timeline, seed, per_kind
            )
            staff.draw()
            staff.write(extracts.ledger)
            _add_part(tables, staff)
        if has_demand:
            demand = DemandSimulation(
                company,
                deals,
                closed.wins(),
                campaigns,
                deals_by_night,
                rates,
                timeline,
                seed,
                per_kind,
            )
            demand.draw()
            demand.write(extracts.ledger)
            _add_part(tables, demand)
    tables["defects"] = pd.DataFrame([asdict(defect) for defect in extracts.ledger.defects])
    counts = extracts.ledger.counts
    if place is PERSIAN:
        counts = write_persian_company(folder, tables, counts)
    if place.settings:
        (folder / "company.yml").write_text(place.settings, encoding="utf-8")
    for name, table in tables.items():
        table.to_csv(expected / f"{name}.csv", index=False, lineterminator="\n")
    listed = [asdict(file) for file in counts]
    (expected / "row_counts.json").write_text(json.dumps(listed, indent=2) + "\n")
    return SimulationSummary(
        folder=folder,
        nights=tuple(timeline.night_date(night) for night in range(1, nights + 1)),
        opportunities=int(np.count_nonzero(deals.first_night <= nights)),
        line_items=int(np.count_nonzero(deals.first_night[lines.deal] <= nights)),
        rows=extracts.ledger.rows_written,
        defects=len(extracts.ledger.defects),
        seconds=perf_counter() - begin,
    )


def _add_part(tables: dict[str, pd.DataFrame], part: PeopleSimulation | DemandSimulation) -> None:
    """Add the key of a part of the company that is simulated after the CRM's deals."""
    known = tables["references_to_nothing"]
    more = pd.DataFrame(part.references, columns=known.columns)
    tables["references_to_nothing"] = pd.concat([known, more])
    tables |= part.key
