"""Leads and campaigns from start to end: who asks, what comes of it, the files, the answer key.

Belongs here: the order of the steps. Does not: any of the steps.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulation.answer_key.campaigns_key import CampaignsKey, DealsOfNight
from simulation.answer_key.leads_key import LeadsKey
from simulation.company.currencies import Rates
from simulation.company.missing_ids import MISSING_LEAD
from simulation.company.streams import stream
from simulation.company.structure import Company
from simulation.company.timeline import Timeline
from simulation.deals.deals import UNDATED, Deals
from simulation.demand.campaign_course import CampaignCourse
from simulation.demand.campaign_tables import CampaignTables, campaign_references_to_nothing
from simulation.demand.campaigns import draw_costs
from simulation.demand.conversions import convert
from simulation.demand.lead_course import LeadCourse
from simulation.demand.lead_oddities import (
    ACTIVITY_BEFORE_LEAD,
    CONVERTED_TWICE,
    UNKNOWN_CREATION,
    UNKNOWN_LEAD,
    plant_lead_oddities,
)
from simulation.demand.lead_tables import LeadTables, references_to_nothing
from simulation.demand.leads import LEADS_PER_DEAL, incoming_leads, lead_id
from simulation.extracts.extract_ledger import ExtractLedger
from simulation.extracts.leads_defects import CAMPAIGN_TABLES, LEAD_TABLES
from simulation.extracts.table_extracts import TableExtracts
from simulation.people.people_tables import Shown


class DemandSimulation:
    """Draws leads after all nights of the CRM, so that its deals can have begun as one."""

    def __init__(
        self,
        company: Company,
        deals: Deals,
        wins: dict[int, tuple[int, int]],
        campaigns: npt.NDArray[np.int8],
        nights: list[DealsOfNight],
        rates: Rates,
        timeline: Timeline,
        seed: int,
        per_kind: int,
    ) -> None:
        """Take what the CRM's extracts tell.

        Args:
            company: Who answers.
            deals: The deals' state after the last night.
            wins: Of each deal that is won and counts its closing day and its worth in cents.
            campaigns: Per deal, the campaign that it names.
            nights: Per night, what is known of the deals after it.
            rates: What money is worth.
            timeline: The days and nights.
            seed: Seed of all streams.
            per_kind: How many of each kind to plant.
        """
        self._company = company
        self._deals = deals
        self._wins = wins
        self._campaigns = campaigns
        self._nights = nights
        self._rates = rates
        self._timeline = timeline
        self._seed = seed
        self._per_kind = per_kind
        self._tables: dict[str, list[Shown]] = {}
        self._campaign_tables: dict[str, list[Shown]] = {}
        self.key: dict[str, pd.DataFrame] = {}
        self.references: list[tuple[str, str, str, str]] = []

    def draw(self) -> None:
        """Draw everything and work the key out."""
        company, timeline, seed = self._company, self._timeline, self._seed
        leads = incoming_leads(company, timeline, seed, round(LEADS_PER_DEAL * len(self._deals)))
        LeadCourse(company, timeline, seed).run(leads)
        left = convert(leads, self._deals, timeline, seed)
        odd = plant_lead_oddities(leads, left, timeline, seed, self._per_kind)
        course = CampaignCourse(
            company, self._deals, self._campaigns, timeline, seed, self._per_kind
        )
        marketing = course.run(leads, left)
        costs = draw_costs(timeline, company.locale, seed)
        tables = LeadTables(leads, odd, self._deals, company, timeline, marketing.contacts)
        self._tables = tables.rows()
        self._campaign_tables = CampaignTables(marketing, costs, company.locale, timeline).rows()
        self.references = [
            *references_to_nothing(self._tables),
            *campaign_references_to_nothing(self._campaign_tables),
        ]
        ids = tables.activity_ids
        problems = [
            *(
                (lead_id(lead), ids[lead_id(lead), early], ACTIVITY_BEFORE_LEAD)
                for lead, early in odd.early.items()
            ),
            *((MISSING_LEAD, ids[MISSING_LEAD, each], UNKNOWN_LEAD) for each in odd.of_nobody),
            *((each.id, each.id, CONVERTED_TWICE) for each in leads if each.second_deal >= 0),
            *(
                (each.id, each.id, UNKNOWN_CREATION)
                for each in leads
                if each.created_kind == UNDATED
            ),
        ]
        key = LeadsKey(leads, company, timeline)
        of_campaigns = CampaignsKey(
            leads, marketing, costs, self._campaigns, self._nights, self._rates, company.locale,
            timeline,
        )  # fmt: skip
        self.key = {
            "lead_responses": key.responses(),
            "lead_bands": key.bands(),
            "lead_funnel": key.funnel(self._wins),
            "lead_problems": pd.DataFrame(problems, columns=["lead_id", "event_id", "problem"]),
            "campaigns": of_campaigns.results(),
            "attribution": of_campaigns.shares(),
            "campaign_problems": of_campaigns.problems(),
        }

    def write(self, ledger: ExtractLedger) -> None:
        """Write the files into every night's folder."""
        extracts = TableExtracts(
            ledger, LEAD_TABLES, self._per_kind, stream(self._seed, "lead defects")
        )
        of_campaigns = TableExtracts(
            ledger, CAMPAIGN_TABLES, self._per_kind, stream(self._seed, "campaign defects")
        )
        for night in range(1, self._timeline.nights + 1):
            extracts.write(self._tables, night)
            of_campaigns.write(self._campaign_tables, night)
