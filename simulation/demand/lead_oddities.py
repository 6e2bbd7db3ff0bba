"""What is wrong or unusual about single leads although their rows are well formed.

Belongs here: leads that count nowhere, activities before their lead or of none, a lead that became
two deals, missing dates, late rows. Does not: broken rows (leads_defects.py).
"""

from dataclasses import dataclass, field, replace

from simulation.company.streams import stream
from simulation.company.timeline import SECONDS_PER_DAY, Timeline
from simulation.deals.deals import AT_TIME, NONE, UNDATED
from simulation.demand.conversions import DealsToGive
from simulation.demand.leads import Activity, Lead, end_of_days

EXCLUSIONS = ("duplicate", "deleted", "merged")
EXCLUDED_SHARE = 0.02
ACTIVITY_BEFORE_LEAD, UNKNOWN_LEAD = "activity_before_lead", "unknown_lead"
CONVERTED_TWICE, UNKNOWN_CREATION = "converted_twice", "unknown_creation"


@dataclass
class LeadOddities:
    """What was planted.

    Attributes:
        of_nobody: Activities of a lead that no extract has.
        early: Per lead, an activity before its creation.
        shown_again: Per night, leads whose row stands in its extract although nothing changed.
    """

    of_nobody: list[Activity] = field(default_factory=list[Activity])
    early: dict[int, Activity] = field(default_factory=dict[int, Activity])
    shown_again: dict[int, list[int]] = field(default_factory=dict[int, list[int]])


def plant_lead_oddities(
    leads: list[Lead], left: DealsToGive, timeline: Timeline, seed: int, per_kind: int
) -> LeadOddities:
    """Make some leads odd.

    Args:
        leads: All leads; changed.
        left: Deals that no lead has become.
        timeline: The nights to spread late rows over.
        seed: Seed of all streams.
        per_kind: How many of each kind to plant.
    """
    rng = stream(seed, "lead oddities")
    found = LeadOddities()
    before_nights = timeline.business_day(1) - 5
    order = rng.permutation(len(leads)).tolist()
    usual = [
        leads[each]
        for each in order
        if leads[each].created_day < before_nights and leads[each].created_kind == AT_TIME
    ]
    became_deals = [each for each in usual if each.deal != NONE]
    others = iter([each for each in usual if each.deal == NONE])

    def exclude(kind: str, night: int) -> None:
        lead = next(others)
        lead.exclusion, lead.excluded_night = kind, night
        if kind == "merged":
            lead.merged_into = next(others).number

    for _ in range(max(per_kind, round(EXCLUDED_SHARE * len(leads) / len(EXCLUSIONS)))):
        for kind in EXCLUSIONS:
            exclude(kind, 1)
    for night in range(2, timeline.nights + 1):
        for _ in range(per_kind):
            for kind in EXCLUSIONS:
                exclude(kind, night)
            _arrive_late(next(others), night)
            _tell_late(next(each for each in others if each.activities), night)
        found.shown_again[night] = [next(others).number for _ in range(2 * per_kind)]
    for _ in range(per_kind):
        next(others).created_kind = UNDATED
        lead = next(each for each in others if each.rep != NONE)
        second = lead.created - int(rng.integers(3600, 3 * SECONDS_PER_DAY))
        early = Activity(second, "call", "held", "outgoing", lead.rep, "neutral", False, 1)
        lead.activities.append(early)
        found.early[lead.number] = early
    for night in range(1, timeline.nights + 1):
        second = (timeline.business_day(night) + 1) * SECONDS_PER_DAY - 3601
        owner = next(others).rep
        found.of_nobody += [
            Activity(second - each, "email", "held", "outgoing", owner, "", False, night)
            for each in range(per_kind)
        ]
    if timeline.nights > 1:
        for lead in became_deals[:per_kind]:
            deal = left.take_between(lead.converted or 0, end_of_days(timeline))
            if deal is not None and deal[1] // SECONDS_PER_DAY <= timeline.business_day(2):
                lead.second_deal, lead.second_deal_night = deal[0], 2
    return found


def _arrive_late(lead: Lead, night: int) -> None:
    """Let a lead, and all that it is about, stand in a later night's extract for the first time."""
    lead.first_night = night
    lead.changes = [replace(each, night=max(night, each.night)) for each in lead.changes]
    lead.activities = [replace(each, night=max(night, each.night)) for each in lead.activities]


def _tell_late(lead: Lead, night: int) -> None:
    """Let what was done about a lead be written down in a later night only."""
    lead.activities = [replace(each, night=max(night, each.night)) for each in lead.activities]
