"""Broken rows of leads and campaigns: what is planted, and what a careful reader must say of it.

Belongs here: the kinds of defects. Does not: rows that contradict each other although each is well
formed (lead_oddities.py).
"""

from simulation.extracts.defects import Kind
from simulation.extracts.table_extracts import TablesPlan

LEAD_TABLES = TablesPlan(
    kinds={
        "lead_statuses": (Kind("not_in_enum", "lead_step", "dreaming"),),
        "leads": (
            Kind("cast_failed", "is_converted", "perhaps"),
            Kind("cast_failed", "created_at", "2025-13-01 09:00:00"),
            Kind("required_missing", "lead_id", hides_key=True),
            Kind("ragged_row", "", "longer", hides_key=True),
        ),
        "lead_status_history": (
            Kind("required_missing", "lead_status_id"),
            Kind("cast_failed", "changed_at", "2025-06-31 10:00:00"),
        ),
        "contacts": (Kind("cast_failed", "created_at", "2025-02-30 11:00:00"),),
        "activities": (
            Kind("not_in_enum", "activity_type", "carrier pigeon"),
            Kind("not_in_enum", "outcome", "splendid"),
            Kind("cast_failed", "is_automatic", "hardly"),
        ),
    },
    repeated=frozenset({"leads", "lead_status_history", "activities"}),
    deltas=frozenset({"leads", "contacts", "activities"}),
    events=frozenset({"lead_status_history"}),
)

CAMPAIGN_TABLES = TablesPlan(
    kinds={
        "campaigns": (
            Kind("required_missing", "campaign_name"),
            Kind("out_of_range", "budget_amount", "-1.00"),
        ),
        "campaign_costs": (
            Kind("cast_failed", "cost_date", "2025-02-30"),
            Kind("required_missing", "cost_amount"),
        ),
        "campaign_members": (Kind("cast_failed", "has_responded", "perhaps"),),
        "touches": (
            Kind("not_in_enum", "touch_type", "telepathy"),
            Kind("required_missing", "touched_at"),
        ),
    },
    repeated=frozenset({"campaign_members", "touches"}),
    deltas=frozenset({"campaign_costs", "campaign_members", "opportunity_contacts"}),
    events=frozenset({"touches"}),
)
