"""The answer key of campaigns: what they cost and brought, night by night.

Belongs here: the numbers of mart_campaign and the shares of deals by their definitions, person by
person and touch by touch. Does not: drawing campaigns (demand), and how a deal is shared out among
touches (attribution.py). Nothing here may be taken from the warehouse's SQL.

Moments are in microseconds since 1970 by the company's clock, since a day ends one before midnight.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulation.answer_key.answer_key import KnownDeals
from simulation.answer_key.attribution import MODELS, WHOLE, parts, shared_out
from simulation.company.business_calendar import MONTH, date_of
from simulation.company.currencies import Rates
from simulation.company.locales import Locale
from simulation.company.timeline import SECONDS_PER_DAY, Days, Timeline
from simulation.company.vocabulary import CURRENCIES, REPORTING_CURRENCY, WON
from simulation.deals.deals import AT_TIME, DANGLING, NONE, UNDATED
from simulation.demand.campaign_course import (
    LEAD,
    TOLD_AT,
    TOLD_ON_DAY,
    Marketing,
    Member,
    Person,
)
from simulation.demand.campaign_tables import member_id, touch_id
from simulation.demand.campaigns import CAMPAIGNS, Cost, campaign_id, cost_id
from simulation.demand.leads import Lead, lead_id, night_of
from simulation.extracts.writing import opportunity_id
from simulation.people.people_tables import money_text

MICRO = 1_000_000
MICRO_DAY = SECONDS_PER_DAY * MICRO
NEVER_DECIDED = 1 << 62
UNKNOWN = "unknown"
NOTHING = "untouched", "untouched"
"""Campaign and channel of what nothing led to."""
ONLY_SHOWN = ("ad_view", "email_open")
"""Touches that the person may never have noticed."""

MEASURES = (
    "cost_value", "members", "responses", "touches", "leads", "opportunities", "pipeline_value",
    "won_deals", "won_value",
)  # fmt: skip
COST, MEMBERS, RESPONSES, TOUCHES, LEADS, DEALS, PIPELINE, WON_DEALS, WON_VALUE = range(9)
MONEY = (COST, PIPELINE, WON_VALUE)
SHARED = (DEALS, WON_DEALS)

Place = tuple[str, str]
"""Campaign and channel."""
Result = tuple[int, Place, int, int]
"""Day, whose it is, which measure, how much."""


@dataclass(frozen=True)
class DealsOfNight:
    """The deals that count, as the extracts up to a night show them.

    Attributes:
        index: Their place among all deals.
        created_day: NONE where it is not known.
        created_second: NONE where only the day is known.
        closed_day: NONE while open.
        closed_second: NONE while open, and where only the day is known.
        value: In cents; 0 where it is not known.
    """

    index: npt.NDArray[np.int64]
    created_day: Days
    created_second: npt.NDArray[np.int64]
    closed_day: Days
    closed_second: npt.NDArray[np.int64]
    is_won: npt.NDArray[np.bool_]
    value: npt.NDArray[np.int64]


def deals_of_night(known: KnownDeals) -> DealsOfNight:
    """Keep what campaigns have to know of the deals of a night."""
    deals = known.deals
    return DealsOfNight(
        index=known.index,
        created_day=known.created_day,
        created_second=deals.created_known_second,
        closed_day=np.where(deals.is_closed, deals.closing_known_day, NONE).astype(np.int32),
        closed_second=np.where(deals.is_closed, deals.closing_known_second, NONE),
        is_won=deals.stage == WON,
        value=np.maximum(known.value, 0),
    )


@dataclass(frozen=True)
class KnownTouch:
    """A touch as a night knows it; in order of their moments, then of their keys.

    Attributes:
        second: Moment in microseconds.
        key: As the warehouse calls it.
        campaign: The campaign's id as its row has it; empty for none.
        place: Campaign and channel that it counts for.
        person: Who it was, as one person however often recorded; None where nobody knows.
        lead: The lead that the person is; NONE for none.
        is_answer: Whether the person did something.
    """

    second: int
    key: str
    kind: str
    campaign: str
    place: Place
    person: Person | None
    lead: int
    is_answer: bool

    @property
    def order(self) -> tuple[int, str]:
        """What touches of a deal are sorted by."""
        return self.second, self.key


class CampaignsKey:
    """Works out what is to be known of campaigns after each night."""

    def __init__(
        self,
        leads: list[Lead],
        marketing: Marketing,
        costs: list[Cost],
        named: npt.NDArray[np.int8],
        nights: list[DealsOfNight],
        rates: Rates,
        locale: Locale,
        timeline: Timeline,
    ) -> None:
        """Take everything that happens, and the deals as each night knows them."""
        self.leads = leads
        self.marketing = marketing
        self._costs = costs
        self.named = named
        self.nights = nights
        self._rates = rates
        self._locale = locale
        self.timeline = timeline
        self._months: dict[int, str] = {}

    def results(self) -> pd.DataFrame:
        """Give what campaigns cost and brought by night, month, level, member and model."""
        frames = []
        for night in range(1, self.timeline.nights + 1):
            as_of = date_of(self.timeline.business_day(night)).isoformat()
            known = _NightOfCampaigns(self, night)
            by_model = {model: dict[tuple[str, str, str], list[int]]() for model in MODELS}
            same_by_all = list(known.results())
            for model, cells in by_model.items():
                for day, place, measure, amount in [*same_by_all, *known.shares(model)]:
                    self._add(cells, day, place, measure, amount)
            frames.append(_table(as_of, by_model))
        return pd.concat(frames, ignore_index=True)

    def shares(self) -> pd.DataFrame:
        """Give what each touch gets of each deal that anything led to, as the last night knows."""
        known = _NightOfCampaigns(self, self.timeline.nights)
        rows = [
            (opportunity_id(deal), model, touch.key, touch.place[0], units, cents)
            for model in MODELS
            for deal, touch, units, cents in known.shares_of_touched(model)
        ]
        columns = ["opportunity_id", "attribution_model", "touch_key", "campaign_id"]
        table = pd.DataFrame(rows, columns=[*columns, "attributed_share", "attributed_value"])
        table["attributed_share"] = [f"{each / WHOLE:.6f}" for each in table["attributed_share"]]
        table["attributed_value"] = [
            money_text(each) for each in table["attributed_value"].tolist()
        ]
        return table

    def problems(self) -> pd.DataFrame:
        """Give what cannot be right about campaigns."""
        rows = []
        for place, member in enumerate(self.marketing.members):
            campaign = campaign_id(member.campaign)
            if member.deleted_night <= self.timeline.nights:
                continue
            if member.campaign == DANGLING:
                rows.append((campaign, member_id(place), "member_of_unknown_campaign"))
            if member.person[1] == DANGLING:
                rows.append((campaign, member_id(place), "member_is_nobody"))
        rows += [
            (campaign_id(each.campaign), touch_id(place), "touch_of_unknown_campaign")
            for place, each in enumerate(self.marketing.touches)
            if each.campaign == DANGLING
        ]
        rows += [
            (UNKNOWN, f"day#{cost_id(place)}", "cost_of_unknown_campaign")
            for place, each in enumerate(self._costs)
            if each.campaign == DANGLING
        ]
        rows += [
            (campaign_id(number), f"campaign#{campaign_id(number)}", "cost_without_currency")
            for number, each in enumerate(CAMPAIGNS)
            if each.spent is not None and not each.currency
        ]
        return pd.DataFrame(rows, columns=["campaign_id", "record_id", "problem"])

    def month_of(self, day: int) -> str:
        """Give the first day of the company's month that a day is in."""
        if day not in self._months:
            self._months[day] = self.timeline.calendar.period_of(MONTH, day).key[1]
        return self._months[day]

    def _add(
        self,
        cells: dict[tuple[str, str, str], list[int]],
        day: int,
        place: Place,
        measure: int,
        amount: int,
    ) -> None:
        campaign, channel = place
        month = self.month_of(day)
        for level, member in (("company", "all"), ("campaign", campaign), ("channel", channel)):
            cell = cells.setdefault((month, level, member), [0] * len(MEASURES))
            cell[measure] += amount

    def costs(self, night: int) -> Iterator[Result]:
        """Give what each campaign cost on each day, as a night knows it."""
        shown = [each for each in self._costs if each.night <= night]
        for each in shown:
            place = _place(each.campaign)
            currency = each.currency or CAMPAIGNS[each.campaign].currency
            yield each.day, place, COST, self._converted(each.cents_at(night), currency, each.day)
        known_by_day = {each.campaign for each in shown}
        for number, campaign in enumerate(CAMPAIGNS):
            spent = campaign.spent_at(night)
            if spent is None or number in known_by_day:
                continue
            day = campaign.first_day
            cents = spent * self._locale.worth(campaign.currency)
            yield day, _place(number), COST, self._converted(cents, campaign.currency, day)

    def _converted(self, cents: int, currency: str, day: int) -> int:
        code = CURRENCIES.index(currency or REPORTING_CURRENCY)
        found = self._rates.convert(
            np.array([abs(cents)]),
            np.array([code], dtype=np.int8),
            np.array([day], dtype=np.int32),
        )
        return int(found[0]) if cents >= 0 else -int(found[0])


class _NightOfCampaigns:
    """What is known after one night."""

    def __init__(self, key: CampaignsKey, night: int) -> None:
        self._key = key
        self._night = night
        self._leads = key.leads
        self._timeline = key.timeline
        self._deals = key.nights[night - 1]
        self._contacts = {
            each.number: each for each in key.marketing.contacts if each.night <= night
        }
        self._members = [
            (place, each)
            for place, each in enumerate(key.marketing.members)
            if each.night <= night < each.deleted_night
        ]
        self._touches = self._known_touches()
        self._touches += self._named_by_leads()
        self._chains = list(self._deals_with_touches())
        self._whole_deals = self._added_up()

    def results(self) -> Iterator[Result]:
        """Give what campaigns brought by themselves, which is the same by every model."""
        yield from self._key.costs(self._night)
        for _, member in self._members:
            day = self._added(member) // MICRO_DAY
            yield day, _place(member.campaign), MEMBERS, 1
        for touch in self._touches:
            if touch.is_answer:
                yield touch.second // MICRO_DAY, touch.place, TOUCHES, 1
            if touch.kind == "response":
                yield touch.second // MICRO_DAY, touch.place, RESPONSES, 1
        for deal, chain in self._chains:
            # The campaign that a deal names itself is a touch of nobody.
            own = [each for each in chain.touches if each.kind == "deal_campaign"]
            for each in own:
                yield chain.created_day, each.place, TOUCHES, 1
            assert len(own) <= 1, deal
        sources = self._sources()
        for lead in self._leads:
            if self._counts(lead):
                yield lead.created_day, sources.get(lead.number, NOTHING), LEADS, 1

    def shares(self, model: str) -> Iterator[Result]:
        """Give what a model makes of the deals: what touches get, and what nothing led to."""
        untouched = Counter(self._whole_deals)
        for chain, touches in self._given(model):
            for touch, units, cents in touches:
                yield from chain.results(touch.place, units, cents)
            for day, _, measure, amount in chain.results(NOTHING, WHOLE, chain.value):
                untouched[day, measure] -= amount
        for (day, measure), amount in untouched.items():
            if amount:
                yield day, NOTHING, measure, amount

    def shares_of_touched(self, model: str) -> Iterator[tuple[int, KnownTouch, int, int]]:
        """Give each share of each deal that something gets: deal, touch, millionths and cents."""
        for chain, touches in self._given(model):
            for touch, units, cents in touches:
                yield chain.deal, touch, units, cents

    def _given(self, model: str) -> Iterator[tuple["_Chain", list[tuple[KnownTouch, int, int]]]]:
        for _, chain in self._chains:
            share = parts(model, chain.ages, chain.holders)
            if share:
                units, cents = shared_out(WHOLE, share), shared_out(chain.value, share)
                yield (
                    chain,
                    [
                        (chain.touches[place], unit, cent)
                        for (place, _), unit, cent in zip(share, units, cents, strict=True)
                    ],
                )

    def _added_up(self) -> Counter[tuple[int, int]]:
        """Add all deals up by day and measure, as if nothing had led to any."""
        deals = self._deals
        found = Counter[tuple[int, int]]()
        for created, closed, is_won, value in zip(
            deals.created_day.tolist(),
            deals.closed_day.tolist(),
            deals.is_won.tolist(),
            deals.value.tolist(),
            strict=True,
        ):
            if created != NONE:
                found[created, DEALS] += WHOLE
                found[created, PIPELINE] += value
            if is_won:
                found[closed, WON_DEALS] += WHOLE
                found[closed, WON_VALUE] += value
        return found

    def _is_known(self, lead: Lead) -> bool:
        return lead.first_night <= self._night

    def _counts(self, lead: Lead) -> bool:
        """Say whether a lead counts: it is there, and nothing says that it should not."""
        is_dated = lead.created_kind != UNDATED
        return is_dated and self._is_known(lead) and lead.excluded_night > self._night

    def _is_converted(self, lead: Lead) -> bool:
        is_over = lead.converted is not None
        return is_over and night_of(lead.converted or 0, self._timeline) <= self._night

    def _person(self, who: Person | None) -> tuple[Person | None, int]:
        """Give who somebody is: the contact that a lead became, the lead that stayed of a merge."""
        if who is None:
            return None, NONE
        kind, number = who
        if kind != LEAD:
            if number < len(self._leads):
                return who, number
            return (who, NONE) if number in self._contacts else (None, NONE)
        if number == DANGLING or not self._is_known(self._leads[number]):
            return None, NONE
        lead = self._leads[number]
        if lead.exclusion == "merged" and lead.excluded_night <= self._night:
            lead = self._leads[lead.merged_into]
        if self._is_converted(lead):
            return ("contact", lead.number), lead.number
        return (LEAD, lead.number), lead.number

    def _known_touches(self) -> list[KnownTouch]:
        """Give all touches that the extracts tell of, those of members included."""
        shown = [
            (place, each)
            for place, each in enumerate(self._key.marketing.touches)
            if each.night <= self._night
        ]
        visitors: dict[str, Person] = {}
        for _, each in shown:
            if each.visitor and self._person(each.person)[0] is not None:
                visitors.setdefault(each.visitor, each.person or (LEAD, NONE))
        found = []
        for place, each in shown:
            person, lead = self._person(each.person or visitors.get(each.visitor))
            campaign, channel = _place(each.campaign)
            found.append(
                KnownTouch(
                    second=each.second * MICRO,
                    key=f"touch#{touch_id(place)}",
                    kind="touch",
                    campaign=campaign_id(each.campaign),
                    place=(campaign, each.channel or channel),
                    person=person,
                    lead=lead,
                    is_answer=each.kind not in ONLY_SHOWN,
                )
            )
        for place, each in self._members:
            responded = self._responded(each)
            if responded is not None:
                person, lead = self._person(each.person)
                found.append(
                    KnownTouch(
                        second=responded,
                        key=f"response#{member_id(place)}",
                        kind="response",
                        campaign=campaign_id(each.campaign),
                        place=_place(each.campaign),
                        person=person,
                        lead=lead,
                        is_answer=True,
                    )
                )
        return found

    def _added(self, member: Member) -> int:
        if member.added is None:
            return CAMPAIGNS[member.campaign].first_day * MICRO_DAY
        return member.added * MICRO

    def _responded(self, member: Member) -> int | None:
        """Give when a member responded, as far as its row tells."""
        if member.responded is None or member.responded_night > self._night:
            return None
        if member.told == TOLD_AT:
            return member.responded * MICRO
        if member.told == TOLD_ON_DAY:
            return member.responded // SECONDS_PER_DAY * MICRO_DAY
        if member.responded_night == member.night:
            return self._added(member)
        return _end_of(self._timeline.business_day(member.responded_night))

    def _named_by_leads(self) -> list[KnownTouch]:
        """Let the campaign that a lead names stand in where no answer tells of it by then."""
        answered: dict[tuple[Person, str], int] = {}
        for each in self._touches:
            if each.person is not None and each.campaign and each.is_answer:
                of = each.person, each.campaign
                answered[of] = min(answered.get(of, each.second), each.second)
        found = []
        for lead in self._leads:
            if lead.campaign == NONE or not self._counts(lead):
                continue
            person, of = self._person((LEAD, lead.number))
            campaign = campaign_id(lead.campaign)
            first = answered.get((person or (LEAD, NONE), campaign), NEVER_DECIDED)
            if first <= _created(lead):
                continue
            is_timed = lead.created_kind == AT_TIME
            found.append(
                KnownTouch(
                    second=lead.created * MICRO if is_timed else lead.created_day * MICRO_DAY,
                    key=f"lead#{lead_id(lead.number)}",
                    kind="lead_campaign",
                    campaign=campaign,
                    place=_place(lead.campaign),
                    person=person,
                    lead=of,
                    is_answer=True,
                )
            )
        return found

    def _sources(self) -> dict[int, Place]:
        """Give the campaign that each lead came from."""
        by_lead: dict[int, list[KnownTouch]] = defaultdict(list)
        for each in self._touches:
            if each.lead != NONE and each.is_answer:
                by_lead[each.lead].append(each)
        found = {}
        for number, touches in by_lead.items():
            lead = self._leads[number]
            if not self._counts(lead):
                continue
            own, created = campaign_id(lead.campaign), _created(lead)

            def rank(touch: KnownTouch, own: str = own, created: int = created) -> tuple:
                is_own = bool(own) and touch.place[0] == own
                return not is_own, touch.second > created, -touch.second, touch.key

            best = min(touches, key=rank)
            if best.second <= created or (own and best.place[0] == own):
                found[number] = best.place
        return found

    def _people(self) -> dict[int, dict[Person, int | None]]:
        """Give the people of each deal, with the creation of the lead that became it."""
        found: dict[int, dict[Person, int | None]] = defaultdict(dict)
        for lead in self._leads:
            if self._is_known(lead) and self._is_converted(lead):
                deal = lead.second_deal if lead.second_deal_night <= self._night else lead.deal
                found[deal]["contact", lead.number] = _created(lead)
        for role in self._key.marketing.roles:
            if role.night <= self._night:
                found[role.deal].setdefault(("contact", role.contact), None)
        return found

    def _began(self, people: dict[Person, int | None]) -> int | None:
        """Give when a deal's lead was created: the one that became it, else any, else a contact."""
        became = [each for each in people.values() if each is not None]
        if became:
            return min(became)
        leads = [_created(self._leads[each]) for _, each in people if each < len(self._leads)]
        contacts = [self._contacts[each].created for _, each in people if each in self._contacts]
        if leads:
            return min(leads)
        return min(contacts) * MICRO if contacts else None

    def _deals_with_touches(self) -> Iterable[tuple[int, "_Chain"]]:
        by_person: dict[Person, list[KnownTouch]] = defaultdict(list)
        for each in self._touches:
            if each.person is not None and each.is_answer:
                by_person[each.person].append(each)
        people = self._people()
        deals = self._deals
        for place, deal in enumerate(deals.index.tolist()):
            named = int(self._key.named[deal])
            if named == NONE and deal not in people:
                continue
            created_day = int(deals.created_day[place])
            created_second = int(deals.created_second[place])
            closed_day = int(deals.closed_day[place])
            created: int | None = None
            if created_day != NONE:
                is_timed = created_second != NONE
                created = created_second * MICRO if is_timed else _end_of(created_day)
            closed = NEVER_DECIDED
            if closed_day != NONE:
                closed_second = int(deals.closed_second[place])
                closed = closed_second * MICRO if closed_second != NONE else _end_of(closed_day)
            touches = [
                touch
                for who in people.get(deal, {})
                for touch in by_person[who]
                if touch.second <= closed
            ]
            own = campaign_id(named)
            # What is answered only once the deal is there did not bring it.
            if (
                own
                and created is not None
                and all(own != each.place[0] or each.second > created for each in touches)
            ):
                second = created if created_second != NONE else created_day * MICRO_DAY
                if second <= closed:
                    key = f"deal#{opportunity_id(deal)}"
                    place_of = _place(named)
                    touches.append(
                        KnownTouch(second, key, "deal_campaign", own, place_of, None, NONE, True)
                    )
            if touches:
                touches.sort(key=lambda each: each.order)
                yield (
                    deal,
                    _Chain(
                        deal=deal,
                        touches=touches,
                        began=self._began(people.get(deal, {})),
                        created=created,
                        created_day=created_day,
                        won_day=closed_day if bool(deals.is_won[place]) else NONE,
                        value=int(deals.value[place]),
                    ),
                )


class _Chain:
    """The touches that led to a deal, in order, and which of them hold its key points."""

    def __init__(
        self,
        deal: int,
        touches: list[KnownTouch],
        began: int | None,
        created: int | None,
        created_day: int,
        won_day: int,
        value: int,
    ) -> None:
        self.deal = deal
        self.touches = touches
        self.created_day = created_day
        self.value = value
        self._won_day = won_day
        last = touches[-1].second
        self.ages = tuple((last - each.second) // MICRO for each in touches)
        self.holders = (0, self._last_by(began), self._last_by(created), len(touches) - 1)

    def results(self, place: Place, units: int, cents: int) -> Iterator[Result]:
        """Give what a share counts for: in the month of creation, and of the win."""
        if self.created_day != NONE:
            yield self.created_day, place, DEALS, units
            yield self.created_day, place, PIPELINE, cents
        if self._won_day != NONE:
            yield self._won_day, place, WON_DEALS, units
            yield self._won_day, place, WON_VALUE, cents

    def _last_by(self, moment: int | None) -> int | None:
        """Give the last touch up to a moment."""
        if moment is None:
            return None
        before = [place for place, each in enumerate(self.touches) if each.second <= moment]
        return before[-1] if before else None


def _place(campaign: int) -> Place:
    """Give the campaign and channel that something counts for."""
    if campaign < 0:
        return UNKNOWN, UNKNOWN
    return campaign_id(campaign), CAMPAIGNS[campaign].channel or UNKNOWN


def _end_of(day: int) -> int:
    return (day + 1) * MICRO_DAY - 1


def _created(lead: Lead) -> int:
    """Give when a lead was created; of a lead of which the day is known, that day's end."""
    return lead.created * MICRO if lead.created_kind == AT_TIME else _end_of(lead.created_day)


def _table(as_of: str, by_model: dict[str, dict[tuple[str, str, str], list[int]]]) -> pd.DataFrame:
    rows = [
        (as_of, *cell, model, *numbers)
        for model, cells in by_model.items()
        for cell, numbers in sorted(cells.items())
    ]
    keys = ["as_of_date", "period_start", "level", "member_id", "attribution_model"]
    table = pd.DataFrame(rows, columns=[*keys, *MEASURES])
    for place, name in enumerate(MEASURES):
        if place in MONEY:
            table[name] = [money_text(each) for each in table[name].tolist()]
        elif place in SHARED:
            table[name] = [f"{each / WHOLE:.6f}" for each in table[name]]
    return table
