"""Whom campaigns reach and what people do in answer, and who takes part in deals.

Belongs here: members, touches, contacts that were never leads, and their roles in deals. Does not:
what campaigns are and cost (campaigns.py), and how all of it is written down (campaign_tables.py).

Planted: touches that come after the point that they would have to come before: after the lead was
created, after the deal was, and after it was decided; visitors who leave a name later, or never.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simulation.company.streams import stream
from simulation.company.structure import NEVER, Company
from simulation.company.timeline import SECONDS_PER_DAY, Timeline
from simulation.deals.deals import DANGLING, NONE, Deals
from simulation.demand.campaigns import (
    BRINGING,
    CAMPAIGNS,
    FAIR,
    MAILING,
    NEWSLETTER,
    REMINDER,
    SEARCH,
    WEBINAR,
)
from simulation.demand.conversions import DealsToGive
from simulation.demand.leads import Lead, end_of_days, night_of, person, uneven

LEAD, CONTACT = "lead", "contact"
Person = tuple[str, int]
"""A lead or a contact, by number; DANGLING for a lead that no extract has."""

TOLD_AT, TOLD_ON_DAY, TOLD_BY_STATUS = range(3)
"""How a member's row tells when it responded: by the moment, by the day, or by its status alone."""

DAY, HOUR = SECONDS_PER_DAY, 3600
LONGEST_BEFORE = 70 * DAY
"""Nobody was reached more than so long before becoming a lead."""


@dataclass(frozen=True)
class Touch:
    """Something that a person did, or was shown.

    Attributes:
        second: Moment, in seconds since 1970 by the company's clock.
        kind: The contract's type of touch.
        person: Who it was; None where only the visitor's id is known.
        visitor: Id of the visitor; empty for none.
        campaign: Index of the campaign; NONE for none, DANGLING for one that no extract has.
        channel: How it reached the person; empty for as the campaign does.
        night: Night whose extract first shows it.
    """

    second: int
    kind: str
    person: Person | None
    visitor: str
    campaign: int
    channel: str
    night: int


@dataclass
class Member:
    """A lead or contact that a campaign reached.

    Attributes:
        added: Moment at which it was added; None where only the campaign's first day is known.
        night: Night whose extract first shows it.
        responded: Moment at which it responded; None where it did not.
        told: How its row tells of the response.
        responded_night: Night whose extract first tells of it.
        deleted_night: Night from which the membership is deleted.
    """

    campaign: int
    person: Person
    added: int | None
    night: int
    responded: int | None = None
    told: int = TOLD_AT
    responded_night: int = NEVER
    deleted_night: int = NEVER


@dataclass(frozen=True)
class DirectContact:
    """A contact that never was a lead; its number follows those of leads."""

    number: int
    name: str
    email: str
    phone: str
    country: str
    account: int
    owner: int
    created: int
    night: int


@dataclass(frozen=True)
class Role:
    """A contact's part in a deal."""

    deal: int
    contact: int
    role: str
    is_primary: bool
    second: int
    night: int


@dataclass
class Marketing:
    """All that campaigns brought about; touches and members in order of their ids."""

    touches: list[Touch] = field(default_factory=list[Touch])
    members: list[Member] = field(default_factory=list[Member])
    contacts: list[DirectContact] = field(default_factory=list[DirectContact])
    roles: list[Role] = field(default_factory=list[Role])


class CampaignCourse:
    """Lets campaigns take their course, up to the last night."""

    def __init__(
        self,
        company: Company,
        deals: Deals,
        named: npt.NDArray[np.int8],
        timeline: Timeline,
        seed: int,
        per_kind: int,
    ) -> None:
        """Take the deals after the last night, and the campaign that each names."""
        self._company = company
        self._deals = deals
        self._named = named
        self._timeline = timeline
        self._begin = timeline.start_day * DAY
        self._end = end_of_days(timeline)
        self._per_kind = per_kind
        self._rng = stream(seed, "campaigns")
        self._visitors = 0
        self._found = Marketing()

    def run(self, leads: list[Lead], left: DealsToGive) -> Marketing:
        """Note what campaigns do.

        Args:
            leads: All leads with all that happens to them; their campaigns are set.
            left: Deals that no lead became.
        """
        for lead in leads:
            is_brought = self._bring(lead)
            if self._chance(0.05):
                self._nurture(lead)
            if lead.converted is not None:
                self._accompany(lead, lead.converted, is_brought)
        self._take_part(leads, left)
        self._respond_by_night()
        self._plant()
        self._found.touches.sort(key=lambda each: each.second)
        self._found.members.sort(key=lambda each: each.added or 0)
        return self._found

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _within(self, least: int, most: int) -> int:
        return int(self._rng.integers(least, most))

    def _bring(self, lead: Lead) -> bool:
        """Let a campaign bring a lead, or the lead's row only say so; most come by themselves."""
        campaign = int(self._named[lead.deal]) if lead.deal != NONE else NONE
        if campaign != NONE:
            lead.campaign = campaign
            is_reached = self._chance(0.7)
        elif self._chance(0.2):
            campaign = BRINGING[self._within(0, len(BRINGING))]
            is_reached = self._chance(0.85)
            if not is_reached or self._chance(0.5):
                lead.campaign = campaign
        elif self._chance(0.05):
            self._visit(lead, NONE, "organic")
            return True
        else:
            return False
        if CAMPAIGNS[campaign].first_day * DAY + LONGEST_BEFORE > lead.created:
            # It had not begun, or only just: nothing but the row can name it.
            if int(self._named[lead.deal] if lead.deal != NONE else NONE) == NONE:
                lead.campaign = NONE
                return False
            return True
        if is_reached:
            if campaign in (SEARCH, MAILING):
                self._visit(lead, campaign, "")
            else:
                self._invite(lead, campaign)
        return True

    def _visit(self, lead: Lead, campaign: int, channel: str) -> None:
        """Let somebody look around without a name, and leave it with a form."""
        self._visitors += 1
        visitor = f"VS-{self._visitors:07d}"
        seen = lead.created - self._within(10 * DAY, LONGEST_BEFORE)
        came = lead.created - self._within(HOUR, 9 * DAY)
        if campaign != NONE:
            self._touch(seen, "ad_view", None, campaign, channel, visitor)
        kind = "web_visit" if campaign == NONE else "ad_click"
        self._touch(came, kind, None, campaign, channel, visitor)
        # Some systems create the lead first and note the form that it came by afterwards.
        sent = lead.created + (-4 if self._chance(0.5) else 20)
        self._touch(sent, "form", (LEAD, lead.number), NONE, "website", visitor, lead.first_night)

    def _invite(self, lead: Lead, campaign: int) -> None:
        """Let a campaign with a list reach somebody, who comes of it."""
        added = lead.created - self._within(12 * DAY, LONGEST_BEFORE)
        responded = lead.created - self._within(HOUR, 10 * DAY)
        told = {FAIR: TOLD_ON_DAY, WEBINAR: TOLD_BY_STATUS}.get(campaign, TOLD_AT)
        who = LEAD, lead.number
        self._member(campaign, who, added, lead.first_night, responded, told)
        if campaign == NEWSLETTER:
            opened = responded - self._within(60, HOUR)
            self._touch(opened, "email_open", who, campaign, "", "", lead.first_night)

    def _nurture(self, lead: Lead) -> None:
        """Write to a lead that is there already; some answer."""
        campaign = NEWSLETTER if self._chance(0.7) else WEBINAR
        added = lead.created + self._within(DAY, 30 * DAY)
        if added < CAMPAIGNS[campaign].first_day * DAY:
            return
        responded = added + self._within(HOUR, 20 * DAY) if self._chance(0.4) else None
        self._member(campaign, (LEAD, lead.number), added, lead.first_night, responded)

    def _accompany(self, lead: Lead, converted: int, is_brought: bool) -> None:
        """Let somebody go on reading while a deal is on, and afterwards."""
        night = night_of(converted, self._timeline)
        lead_to, contact = (LEAD, lead.number), (CONTACT, lead.number)
        if self._chance(0.3) and converted - lead.created > 2 * HOUR:
            later = self._within(lead.created + HOUR, converted)
            self._touch(later, "web_visit", lead_to, NONE, "organic", "", lead.first_night)
        closed = int(self._deals.closing_known_day[lead.deal])
        is_closed = bool(self._deals.is_closed[lead.deal])
        until = closed * DAY if is_closed else self._end
        if self._chance(0.3) and until - converted > 2 * DAY:
            read = self._within(converted + HOUR, until)
            kind = ("email_click", "event", "web_visit")[self._within(0, 3)]
            campaign = NEWSLETTER if kind == "email_click" else NONE
            channel = "website" if campaign == NONE else ""
            self._touch(read, kind, contact, campaign, channel, "", night)
        if not is_closed:
            return
        if is_brought:
            self._remind(lead.deal, lead.number, converted, night)
        if self._chance(0.2):
            # Whoever comes back afterwards had no part in it.
            after = until + self._within(DAY, 20 * DAY)
            campaign = REMINDER if self._chance(0.5) else NEWSLETTER
            kind = "ad_click" if campaign == REMINDER else "email_click"
            self._touch(after, kind, contact, campaign, "", "", night)

    def _remind(self, deal: int, contact: int, earliest: int, night: int) -> None:
        """Show an ad to somebody who is about to decide, whom others had brought by a moment."""
        if not self._deals.is_closed[deal]:
            return
        reminded = int(self._deals.closing_known_day[deal]) * DAY - self._within(HOUR, DAY)
        earliest = max(earliest, CAMPAIGNS[REMINDER].first_day * DAY)
        if reminded > earliest and self._chance(0.9):
            self._touch(reminded, "ad_click", (CONTACT, contact), REMINDER, "", "", night)

    def _take_part(self, leads: list[Lead], left: DealsToGive) -> None:
        """Say who takes part in deals: those who were leads, also in other deals, and others."""
        by_account: dict[int, list[tuple[int, int]]] = {}
        rest = left.rest()
        for deal, created in rest:
            by_account.setdefault(int(self._deals.account[deal]), []).append((deal, created))
        for lead in leads:
            if lead.converted is None:
                continue
            if self._chance(0.6):
                self._role(lead.deal, lead.number, "decision maker", True, lead.converted)
            if self._chance(0.2):
                account = int(self._deals.account[lead.deal])
                others = [each for each in by_account.get(account, []) if each[1] > lead.converted]
                if others:
                    deal, created = others[self._within(0, len(others))]
                    self._role(deal, lead.number, "user", False, created)
        for deal, created in rest:
            if self._chance(0.05):
                self._introduce(len(leads), deal, created)

    def _introduce(self, first_number: int, deal: int, created: int) -> None:
        """Let somebody take part in a deal who never was a lead."""
        number = first_number + len(self._found.contacts)
        name, _, email, phone = person(number, self._rng)
        known = max(uneven(created - self._within(-2 * DAY, 40 * DAY)), self._begin + 1)
        night = night_of(known, self._timeline)
        if known >= self._end:
            return
        country = self._company.countries[self._within(0, len(self._company.countries))]
        account, owner = int(self._deals.account[deal]), int(self._deals.owner[deal])
        self._found.contacts.append(
            DirectContact(number, name, email, phone, country, account, owner, known, night)
        )
        self._role(deal, number, "user", True, max(created, known))
        for _ in range(self._within(0, 3)):
            second = known + self._within(HOUR, 40 * DAY)
            self._touch(second, "event", (CONTACT, number), NONE, "event", "", night)
            self._remind(deal, number, second, night)
        if self._chance(0.5):
            added = known + self._within(HOUR, 5 * DAY)
            if added >= CAMPAIGNS[NEWSLETTER].first_day * DAY:
                responded = added + self._within(HOUR, 30 * DAY)
                self._member(NEWSLETTER, (CONTACT, number), added, night, responded)

    def _role(self, deal: int, contact: int, role: str, is_primary: bool, second: int) -> None:
        if second < self._end:
            night = night_of(second, self._timeline)
            self._found.roles.append(Role(deal, contact, role, is_primary, second, night))

    def _respond_by_night(self) -> None:
        """Let some respond in each night that is extracted, and take others off their list."""
        waiting = [
            each
            for each in self._found.members
            if each.responded is None and each.night == 1 and each.added is not None
        ]
        for night in range(2, self._timeline.nights + 1):
            for told in (TOLD_AT, TOLD_ON_DAY, TOLD_BY_STATUS):
                for _ in range(min(self._per_kind, len(waiting))):
                    member = waiting.pop(self._within(0, len(waiting)))
                    member.responded = uneven(
                        self._timeline.business_day(night) * DAY + self._within(8, 18) * HOUR
                    )
                    member.told, member.responded_night = told, night
            if waiting:
                waiting.pop(self._within(0, len(waiting))).deleted_night = night

    def _plant(self) -> None:
        """Plant what refers to nothing, and visitors who never say who they are."""
        before = self._timeline.business_day(1) - 3
        for place in range(self._per_kind):
            second = (before - 5 * place) * DAY + 11 * HOUR
            nobody = (LEAD, DANGLING)
            some = self._found.members[place].person
            self._member(NEWSLETTER, nobody, second, 1, second + HOUR)
            self._member(DANGLING, some, second, 1, second + 2 * HOUR)
            self._touch(second, "web_visit", some, DANGLING, "", "")
            self._touch(second + HOUR, "ad_click", None, SEARCH, "", f"VS-9{place:06d}")

    def _touch(
        self,
        second: int,
        kind: str,
        who: Person | None,
        campaign: int,
        channel: str,
        visitor: str = "",
        night: int = 1,
    ) -> None:
        """Note a touch; its person is known by the given night at the earliest."""
        if self._begin < second < self._end:
            shown = max(night, night_of(second, self._timeline))
            second = uneven(second)
            self._found.touches.append(Touch(second, kind, who, visitor, campaign, channel, shown))

    def _member(
        self,
        campaign: int,
        who: Person,
        added: int,
        night: int,
        responded: int | None,
        told: int = TOLD_AT,
    ) -> None:
        """Note a member; what would be after the last night is not."""
        if not self._begin < added < self._end:
            return
        shown = max(night, night_of(added, self._timeline))
        member = Member(campaign, who, None if campaign == FAIR else uneven(added), shown)
        if responded is not None and responded < self._end:
            member.responded, member.told = uneven(responded), told
            member.responded_night = max(shown, night_of(responded, self._timeline))
        self._found.members.append(member)
