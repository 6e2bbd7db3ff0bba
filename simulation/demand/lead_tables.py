"""The tables of leads: their columns, and the rows that each night shows.

Belongs here: the texts of the files. Does not: what happened, and broken rows (leads_defects.py).
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from simulation.company.business_calendar import date_of
from simulation.company.missing_ids import LEAD_QUEUE, MISSING_LEAD
from simulation.company.structure import Company
from simulation.company.timeline import Timeline
from simulation.company.vocabulary import LEAD_SOURCES
from simulation.deals.deals import AT_TIME, NONE, ON_DAY, Deals
from simulation.demand.campaign_course import DirectContact
from simulation.demand.campaigns import campaign_id
from simulation.demand.lead_oddities import LeadOddities
from simulation.demand.leads import STATUSES, Activity, Lead, contact_id, lead_id, night_of
from simulation.people.people_tables import Row, Shown

LEAD_COLUMNS = {
    "lead_statuses": "lead_status_id lead_status_name lead_status_order lead_step",
    "leads": (
        "lead_id lead_name email phone company_name country owner_id lead_status_id lead_source "
        "merged_into_id is_duplicate is_deleted is_converted converted_at "
        "converted_opportunity_id converted_account_id converted_contact_id created_at "
        "created_date modified_at campaign_id"
    ),
    "lead_status_history": (
        "lead_status_history_id lead_id old_lead_status_id lead_status_id changed_at owner_id"
    ),
    "contacts": (
        "contact_id contact_name email phone account_id owner_id lead_source country created_at"
    ),
    "activities": (
        "activity_id activity_type activity_status direction owner_id lead_id outcome "
        "is_automatic started_at"
    ),
}


class LeadTables:
    """Writes down what each night's extract shows of leads."""

    def __init__(
        self,
        leads: list[Lead],
        oddities: LeadOddities,
        deals: Deals,
        company: Company,
        timeline: Timeline,
        contacts: list[DirectContact],
    ) -> None:
        """Take the leads as they are after the last night, and contacts that never were one."""
        self._leads = leads
        self._oddities = oddities
        self._deals = deals
        self._people = company.people
        self._timeline = timeline
        self._direct_contacts = contacts
        self.activity_ids: dict[tuple[str, Activity], str] = {}
        """By the lead's id and the activity."""

    def rows(self) -> dict[str, list[Shown]]:
        """Give the rows of each table."""
        return {
            "lead_statuses": [
                Shown((each.status_id, each.name, str(place), each.step))
                for place, each in enumerate(STATUSES, start=1)
            ],
            "leads": [each for lead in self._leads for each in self._versions(lead)],
            "lead_status_history": list(self._changes()),
            "contacts": [
                *(self._contact(each) for each in self._leads if each.converted),
                *(self._direct_contact(each) for each in self._direct_contacts),
            ],
            "activities": list(self._activities()),
        }

    def _user(self, person: int, nobody: str = "") -> str:
        return nobody if person == NONE else self._people.id(person)

    def _versions(self, lead: Lead) -> Iterable[Shown]:
        """Give a lead's row for each night on which it is new, changed, or shown again."""
        nights = {lead.first_night, lead.excluded_night, lead.second_deal_night}
        nights |= {each.night for each in lead.changes}
        if lead.rep != NONE:
            nights.add(night_of(lead.taken, self._timeline))
        nights |= {
            night for night, numbers in self._oddities.shown_again.items() if lead.number in numbers
        }
        for night in sorted(nights):
            if lead.first_night <= night <= self._timeline.nights:
                yield Shown(self._lead(lead, night), night, night)

    def _lead(self, lead: Lead, night: int) -> Row:
        changes = [each for each in lead.changes if each.night <= night]
        newest = changes[-1]
        is_converted = (
            lead.converted is not None and night_of(lead.converted, self._timeline) <= night
        )
        deal = lead.second_deal if lead.second_deal_night <= night else lead.deal
        exclusion = lead.exclusion if lead.excluded_night <= night else ""
        return (
            lead.id,
            lead.name,
            lead.email,
            lead.phone,
            lead.company_name,
            lead.country,
            self._user(lead.owner_at(night, self._timeline), LEAD_QUEUE),
            STATUSES[newest.status].status_id,
            _source(lead),
            lead_id(lead.merged_into) if exclusion == "merged" else "",
            "true" if exclusion == "duplicate" else "false",
            "true" if exclusion == "deleted" else "false",
            "true" if is_converted else "false",
            moment_text(lead.converted) if is_converted and lead.converted else "",
            f"OP-{deal + 1:08d}" if is_converted else "",
            self._account(lead) if is_converted else "",
            contact_id(lead.number) if is_converted else "",
            moment_text(lead.created) if lead.created_kind == AT_TIME else "",
            date_of(lead.created_day).isoformat() if lead.created_kind == ON_DAY else "",
            moment_text(newest.second + 1),
            campaign_id(lead.campaign),
        )

    def _account(self, lead: Lead) -> str:
        return account_text(int(self._deals.account[lead.deal]))

    def _changes(self) -> Iterable[Shown]:
        found = [(each.second, lead.number, each) for lead in self._leads for each in lead.changes]
        found.sort(key=lambda each: each[:2])
        for number, (_, lead, each) in enumerate(found, start=1):
            row = (
                f"LS-{number:08d}",
                lead_id(lead),
                "" if each.old == NONE else STATUSES[each.old].status_id,
                STATUSES[each.status].status_id,
                moment_text(each.second),
                self._user(each.owner, LEAD_QUEUE),
            )
            yield Shown(row, each.night, each.night)

    def _contact(self, lead: Lead) -> Shown:
        """Give the contact that a lead became, on the night that shows it converted."""
        converted = lead.converted or 0
        row = (
            contact_id(lead.number),
            lead.name,
            lead.email,
            lead.phone,
            self._account(lead),
            self._user(lead.changes[-1].owner),
            _source(lead),
            lead.country,
            moment_text(converted),
        )
        night = night_of(converted, self._timeline)
        return Shown(row, night, night)

    def _direct_contact(self, contact: DirectContact) -> Shown:
        row = (
            contact_id(contact.number),
            contact.name,
            contact.email,
            contact.phone,
            account_text(contact.account),
            self._user(contact.owner),
            "",
            contact.country,
            moment_text(contact.created),
        )
        return Shown(row, contact.night, contact.night)

    def _activities(self) -> Iterable[Shown]:
        found = [(each.second, lead.id, each) for lead in self._leads for each in lead.activities]
        found += [(each.second, MISSING_LEAD, each) for each in self._oddities.of_nobody]
        found.sort(key=lambda each: each[:2])
        for number, (_, lead, each) in enumerate(found, start=1):
            row = self._activity(f"AV-{number:08d}", lead, each)
            self.activity_ids[lead, each] = row[0]
            yield Shown(row, each.night, each.night)

    def _activity(self, activity_id: str, lead: str, activity: Activity) -> Row:
        return (
            activity_id,
            activity.kind,
            activity.status,
            activity.direction,
            self._user(activity.owner),
            lead,
            activity.outcome,
            "true" if activity.is_automatic else "false",
            moment_text(activity.second),
        )


def moment_text(second: int) -> str:
    """Write a moment, in seconds since 1970 by the company's clock."""
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}"


def account_text(account: int) -> str:
    """Give the CRM's id of an account."""
    return f"AC-{account + 1:07d}"


def _source(lead: Lead) -> str:
    return "" if lead.source == NONE else LEAD_SOURCES[lead.source]


def references_to_nothing(
    tables: dict[str, list[Shown]],
) -> list[tuple[str, str, str, str]]:
    """Give the rows that refer to something no extract has: table, key, column and value."""
    found = []
    for table, column, missing in (
        ("leads", "owner_id", LEAD_QUEUE),
        ("lead_status_history", "owner_id", LEAD_QUEUE),
        ("activities", "lead_id", MISSING_LEAD),
    ):
        place = LEAD_COLUMNS[table].split().index(column)
        found += [
            (table, each.row[0], column, missing)
            for each in tables[table]
            if each.row[place] == missing
        ]
    return found
