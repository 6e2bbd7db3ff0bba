"""Leads of a small demo company, as the simulator draws them and before any file is written."""

from __future__ import annotations

from simulation.company.locales import Locale
from simulation.company.structure import Company, build_company
from simulation.company.timeline import Timeline
from simulation.demand.lead_course import LeadCourse
from simulation.demand.leads import Lead, incoming_leads


def timeline_of(locale: Locale) -> Timeline:
    return Timeline(3, calendar=locale.calendar)


def company_of(locale: Locale) -> Company:
    return build_company(timeline_of(locale), 11, 0.05, 1000, locale)


def leads_of(company: Company, seed: int, number: int) -> list[Lead]:
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
