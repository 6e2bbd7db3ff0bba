"""The tables of campaigns: their columns, and the rows that each night shows.

Belongs here: the texts of the files. Does not: what happened, and broken rows (leads_defects.py).
"""

from collections.abc import Iterable, Iterator

from simulation.company.locales import Locale
from simulation.company.missing_ids import MISSING_CAMPAIGN, MISSING_LEAD
from simulation.company.timeline import SECONDS_PER_DAY, Timeline
from simulation.deals.deals import DANGLING
from simulation.demand.campaign_course import (
    LEAD,
    TOLD_AT,
    TOLD_ON_DAY,
    Marketing,
    Member,
    Person,
    Touch,
)
from simulation.demand.campaigns import CAMPAIGNS, Campaign, Cost, campaign_id, cost_id
from simulation.demand.lead_tables import moment_text
from simulation.demand.leads import contact_id, lead_id
from simulation.people.people_tables import Shown, day_text, money_text

CAMPAIGN_COLUMNS = {
    "campaigns": (
        "campaign_id campaign_name parent_campaign_id channel campaign_status start_date end_date "
        "currency_code budget_amount actual_cost_amount"
    ),
    "campaign_costs": "campaign_cost_id campaign_id cost_date cost_amount currency_code",
    "campaign_members": (
        "campaign_member_id campaign_id lead_id contact_id member_status has_responded "
        "first_responded_at first_responded_date is_deleted created_at"
    ),
    "touches": "touch_id touch_type touched_at lead_id contact_id visitor_id campaign_id channel",
    "opportunity_contacts": "opportunity_id contact_id contact_role is_primary created_at",
}


class CampaignTables:
    """Writes down what each night's extract shows of campaigns."""

    def __init__(
        self, marketing: Marketing, costs: list[Cost], locale: Locale, timeline: Timeline
    ) -> None:
        """Take all that happens up to the last night."""
        self._marketing = marketing
        self._costs = costs
        self._locale = locale
        self._timeline = timeline

    def rows(self) -> dict[str, list[Shown]]:
        """Give the rows of each table."""
        found = self._marketing
        return {
            "campaigns": list(self._campaigns()),
            "campaign_costs": [
                row for place, each in enumerate(self._costs) for row in _cost(place, each)
            ],
            "campaign_members": [
                row for place, each in enumerate(found.members) for row in self._member(place, each)
            ],
            "touches": [_touch(place, each) for place, each in enumerate(found.touches)],
            "opportunity_contacts": [
                Shown(
                    (
                        f"OP-{each.deal + 1:08d}",
                        contact_id(each.contact),
                        each.role,
                        "true" if each.is_primary else "false",
                        moment_text(each.second),
                    ),
                    each.night,
                    each.night,
                )
                for each in found.roles
            ],
        }

    def _campaigns(self) -> Iterator[Shown]:
        for night in range(1, self._timeline.nights + 1):
            for number, each in enumerate(CAMPAIGNS):
                yield Shown(self._campaign(number, each, night), night, night)

    def _campaign(self, number: int, campaign: Campaign, night: int) -> tuple[str, ...]:
        worth = self._locale.worth(campaign.currency)
        spent = campaign.spent_at(night)
        is_over = (
            campaign.last_day is not None
            and campaign.last_day <= self._timeline.business_day(night)
        )
        return (
            campaign_id(number),
            campaign.name,
            campaign_id(campaign.parent),
            campaign.channel,
            "completed" if is_over else "in progress",
            day_text(campaign.first_day),
            day_text(campaign.last_day),
            campaign.currency,
            money_text(campaign.budget * worth),
            money_text(None if spent is None else spent * worth),
        )

    def _member(self, place: int, member: Member) -> Iterable[Shown]:
        """Give a member's row for each night on which it is new or changed."""
        nights = {member.night, member.responded_night, member.deleted_night}
        for night in sorted(nights):
            if member.night <= night <= self._timeline.nights:
                yield Shown(_membership(place, member, night), night, night)


def member_id(place: int) -> str:
    """Give the CRM's id of a membership by its place among all."""
    return f"CM-{place + 1:07d}"


def touch_id(place: int) -> str:
    """Give the CRM's id of a touch by its place among all."""
    return f"TC-{place + 1:08d}"


def _membership(place: int, member: Member, night: int) -> tuple[str, ...]:
    responded = member.responded if member.responded_night <= night else None
    at = responded if member.told == TOLD_AT else None
    on = responded if member.told == TOLD_ON_DAY else None
    return (
        member_id(place),
        campaign_id(member.campaign),
        *_person(member.person),
        "sent" if responded is None else "responded",
        "false" if responded is None else "true",
        "" if at is None else moment_text(at),
        "" if on is None else day_text(on // SECONDS_PER_DAY),
        "true" if member.deleted_night <= night else "false",
        "" if member.added is None else moment_text(member.added),
    )


def _cost(place: int, cost: Cost) -> Iterable[Shown]:
    for night in [cost.night] if cost.corrected is None else [cost.night, cost.corrected_night]:
        row = (
            cost_id(place),
            campaign_id(cost.campaign),
            day_text(cost.day),
            money_text(cost.cents_at(night)),
            cost.currency,
        )
        yield Shown(row, night, night)


def _touch(place: int, touch: Touch) -> Shown:
    row = (
        touch_id(place),
        touch.kind,
        moment_text(touch.second),
        *(("", "") if touch.person is None else _person(touch.person)),
        touch.visitor,
        campaign_id(touch.campaign),
        touch.channel,
    )
    return Shown(row, touch.night, touch.night)


def _person(who: Person) -> tuple[str, str]:
    """Give a person's id as a lead and as a contact, one of which is empty."""
    kind, number = who
    if kind != LEAD:
        return "", contact_id(number)
    return (MISSING_LEAD if number == DANGLING else lead_id(number)), ""


def campaign_references_to_nothing(
    tables: dict[str, list[Shown]],
) -> list[tuple[str, str, str, str]]:
    """Give the rows that refer to something no extract has: table, key, column and value."""
    found = []
    for table, column, missing in (
        ("campaign_costs", "campaign_id", MISSING_CAMPAIGN),
        ("campaign_members", "campaign_id", MISSING_CAMPAIGN),
        ("campaign_members", "lead_id", MISSING_LEAD),
        ("touches", "campaign_id", MISSING_CAMPAIGN),
    ):
        place = CAMPAIGN_COLUMNS[table].split().index(column)
        found += [
            (table, each.row[0], column, missing)
            for each in tables[table]
            if each.row[place] == missing
        ]
    return found
