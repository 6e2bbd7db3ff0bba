"""The company's structure: branches, territories, teams, people and accounts, night by night.

Belongs here: who and what exists, and how that changes from one night to the next. Does not: deals.
"""

import unicodedata
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simulation.company.locales import ENGLISH, Locale
from simulation.company.streams import stream
from simulation.company.timeline import Days, Timeline
from simulation.company.vocabulary import (
    ACCOUNT_FIRST_WORDS,
    ACCOUNT_FORMS,
    ACCOUNT_SECOND_WORDS,
    COUNTRY_CURRENCY,
    CURRENCIES,
    FAMILY_NAMES,
    GIVEN_NAMES,
    INDUSTRIES,
    PLACES,
    PRODUCTS,
    Place,
    Product,
)

NOBODY = -1
NEVER = 127
RAMP_DAYS = 180
LARGEST_SHARE = 0.05
"""What an account draws at most; a Pareto tail alone can give a third of all deals to one."""

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Territories:
    """Territories, parents before children; a leaf per branch and half of its area."""

    names: list[str]
    parents: list[int]
    leaves: Codes
    branch_of_leaf: Codes

    def id(self, territory: int) -> str:
        """Give the CRM's id of a territory."""
        return f"TY-{territory + 1:03d}"


@dataclass
class People:
    """Everyone with a CRM sign-in: the head of sales, one manager per team, then the reps.

    Arrays with two axes hold one state per night and person. They are filled for persons who have
    not appeared yet, because their first known state reaches back to the beginning.

    Attributes:
        own_branch: Branch on the person's own record; NOBODY where that of the team holds.
        hire_day: First day on which the person sells.
        leave_day: Last one.
        first_night: Night on which the person appears first.
        skill: Shift of the log-odds of winning.
        successor: Who takes a leaver's deals over.
    """

    names: list[str]
    roles: list[str]
    manager: Codes
    team: Codes
    own_branch: Codes
    territory: Codes
    is_active: npt.NDArray[np.bool_]
    hire_day: Days
    leave_day: Days
    first_night: npt.NDArray[np.int8]
    skill: npt.NDArray[np.float32]
    successor: Codes
    reps: Codes

    def id(self, person: int) -> str:
        """Give the CRM's id of a person."""
        return f"US-{person + 1:04d}"

    def email(self, person: int) -> str:
        """Give a person's work address, in letters that mail systems take."""
        plain = unicodedata.normalize("NFKD", self.names[person].replace("ı", "i"))
        letters = plain.encode("ascii", "ignore").decode().lower().replace(" ", ".")
        return f"{letters}.{person + 1}@demo.example"

    def selling_weight(self, day: int) -> npt.NDArray[np.float64]:
        """Weigh the reps by how many new deals each takes on a day: leavers 0, beginners less."""
        tenure = day - self.hire_day[self.reps]
        ramp = np.clip(tenure / RAMP_DAYS, 0.15, 1.0)
        employed = (tenure >= 0) & (self.leave_day[self.reps] >= day)
        known = self.first_night[self.reps] == 1
        return np.where(employed & known, ramp * np.exp(self.skill[self.reps]), 0.0)


@dataclass
class Accounts:
    """Customers and prospects. A few are new, renamed or gone in each night after the first.

    Attributes:
        weight: Share of the deals each account draws; a Pareto tail, 0 for prospects.
        first_night: Night on which the account appears first.
        last_night: Last night that shows it; NEVER for those that stay.
        renamed_night: Night from which `new_names` holds; NEVER for most.
    """

    names: list[str]
    short_names: list[str]
    new_names: dict[int, str]
    industry: Codes
    segment: Codes
    country: Codes
    owner: Codes
    territory: Codes
    parent: Codes
    revenue: npt.NDArray[np.int64]
    employees: Codes
    weight: npt.NDArray[np.float64]
    first_night: npt.NDArray[np.int8]
    last_night: npt.NDArray[np.int8]
    renamed_night: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.names)

    def names_at(self, night: int) -> list[str]:
        """Give every account's name as of a night."""
        names = list(self.names)
        for account, name in self.new_names.items():
            if self.renamed_night[account] <= night:
                names[account] = name
        return names

    def shown(self, night: int) -> Codes:
        """Give the accounts that a night's extract shows, in order of their ids."""
        return np.flatnonzero((self.first_night <= night) & (self.last_night >= night)).astype(
            np.int32
        )


@dataclass(frozen=True)
class Company:
    """All that deals refer to."""

    places: tuple[Place, ...]
    countries: tuple[str, ...]
    territories: Territories
    team_names: list[str]
    team_branch: Codes
    people: People
    accounts: Accounts
    locale: Locale = ENGLISH

    @property
    def products(self) -> tuple[Product, ...]:
        """The catalogue in the company's money."""
        return tuple(
            replace(
                each,
                list_price=None
                if each.list_price is None
                else each.list_price * self.locale.worth(each.currency_code),
            )
            for each in PRODUCTS
        )

    def worth(self, currency: int) -> int:
        """Give what one unit of money costs in a currency, an index in CURRENCIES."""
        return self.locale.worth(CURRENCIES[currency])

    def worths(self) -> npt.NDArray[np.int64]:
        """Give the same for all of CURRENCIES."""
        return np.array([self.worth(code) for code in range(len(CURRENCIES))], dtype=np.int64)

    def branch_of(self, night_index: npt.NDArray[np.int64], person: Codes) -> Codes:
        """Give people's branches as of nights: their own, else their team's, else NOBODY."""
        own = self.people.own_branch[night_index, person]
        team = self.people.team[night_index, person]
        by_team = np.where(team >= 0, self.team_branch[team], NOBODY)
        return np.where(own >= 0, own, by_team).astype(np.int32)

    def account_currency(self) -> npt.NDArray[np.int8]:
        """Give the index in CURRENCIES of the currency each account usually pays in."""
        by_country = [CURRENCIES.index(COUNTRY_CURRENCY[country]) for country in self.countries]
        return np.array(by_country, dtype=np.int8)[self.accounts.country]


def build_company(
    timeline: Timeline, seed: int, scale: float, deals: int, locale: Locale = ENGLISH
) -> Company:
    """Draw a company whose sales force and customers fit the number of deals.

    Args:
        timeline: The days and nights to cover.
        seed: Seed of all streams.
        scale: 1 for about 80 reps; their number grows with its square root.
        deals: How many deals there will be; about 12 fall on an account.
        locale: Where the company works.
    """
    reps = max(12, round(80 * scale**0.5))
    teams = max(3, round(reps / 8))
    places = PLACES[: min(len(PLACES), max(3, teams // 2))]
    territories = _territories(places)
    team_branch = (np.arange(teams) % len(places)).astype(np.int32)
    people = _people(timeline, seed, reps, team_branch, territories)
    countries = tuple(dict.fromkeys(place.country for place in places))
    return Company(
        places=places,
        countries=countries,
        territories=territories,
        team_names=[
            f"{places[branch].city} {number // len(places) + 1}"
            for number, branch in enumerate(team_branch)
        ],
        team_branch=team_branch,
        people=people,
        accounts=_accounts(
            timeline, seed, max(60, deals // 12), countries, people, territories, locale.money
        ),
        locale=locale,
    )


def branch_id(branch: int) -> str:
    """Give the CRM's id of a branch office."""
    return f"BR-{branch + 1:02d}"


def team_id(team: int) -> str:
    """Give the CRM's id of a team."""
    return f"TE-{team + 1:03d}"


def _territories(places: tuple[Place, ...]) -> Territories:
    names: list[str] = []
    parents: list[int] = []

    def add(name: str, parent: int) -> int:
        if name not in names:
            names.append(name)
            parents.append(parent)
        return names.index(name)

    leaves, branches = [], []
    for branch, place in enumerate(places):
        country = add(place.country, add(place.region, NOBODY))
        for half in ("north", "south"):
            leaves.append(add(f"{place.city} {half}", country))
            branches.append(branch)
    return Territories(names, parents, np.array(leaves, np.int32), np.array(branches, np.int32))


def _people(
    timeline: Timeline, seed: int, reps: int, team_branch: Codes, territories: Territories
) -> People:
    rng = stream(seed, "people")
    teams = len(team_branch)
    number = 1 + teams + reps
    rep_codes = np.arange(1 + teams, number, dtype=np.int32)
    team = np.full(number, NOBODY, dtype=np.int32)
    team[1 : 1 + teams] = np.arange(teams)
    team[rep_codes] = np.arange(reps) % teams
    branch = np.where(team >= 0, team_branch[team], NOBODY).astype(np.int32)
    # Some work from another office than their team's, and some records leave the office out.
    remote = rep_codes[rng.random(reps) < 0.1]
    branch[remote] = rng.integers(0, team_branch.max() + 1, len(remote))
    territory = np.full(number, NOBODY, dtype=np.int32)
    territory[rep_codes] = territories.leaves[
        2 * np.maximum(branch[rep_codes], 0) + rng.integers(0, 2, reps)
    ]
    own_branch = branch.copy()
    own_branch[rep_codes[rng.random(reps) < 0.2]] = NOBODY

    hire_day = np.full(number, timeline.start_day - 900, dtype=np.int32)
    span = timeline.business_day(1) - timeline.start_day
    late = rng.random(reps) < 0.5
    hire_day[rep_codes] += rng.integers(0, 880, reps, dtype=np.int32)
    hire_day[rep_codes[late]] = timeline.start_day + rng.integers(0, span - 30, late.sum())
    leave_day = np.full(number, timeline.last_day + 10_000, dtype=np.int32)
    leavers = rep_codes[rng.random(reps) < 0.18]
    # The first rep of each team never leaves, so that leavers' deals find a successor there.
    leavers = leavers[leavers >= 1 + 2 * teams]
    leave_day[leavers] = np.minimum(
        np.maximum(hire_day[leavers], timeline.start_day) + rng.integers(120, 900, len(leavers)),
        timeline.business_day(1) - 1,
    )
    successor = np.arange(number, dtype=np.int32)
    successor[leavers] = 1 + teams + team[leavers]

    manager = np.where(team >= 0, 1 + team, 0).astype(np.int32)
    manager[0] = NOBODY
    manager[1 : 1 + teams] = 0
    people = People(
        names=_person_names(number, rng),
        roles=["head of sales", *["sales manager"] * teams, *["sales rep"] * reps],
        manager=_per_night(manager, timeline),
        team=_per_night(team, timeline),
        own_branch=_per_night(own_branch, timeline),
        territory=_per_night(territory, timeline),
        is_active=_per_night(leave_day >= timeline.business_day(1), timeline),
        hire_day=hire_day,
        leave_day=leave_day,
        first_night=np.ones(number, dtype=np.int8),
        skill=rng.normal(0, 0.35, number).astype(np.float32),
        successor=successor,
        reps=rep_codes,
    )
    _move_people(people, timeline, rng, team_branch, territories)
    return people


def _per_night(state: npt.NDArray, timeline: Timeline) -> npt.NDArray:
    return np.repeat(state[np.newaxis, :], timeline.nights, axis=0)


def _person_names(number: int, rng: np.random.Generator) -> list[str]:
    pairs = len(GIVEN_NAMES) * len(FAMILY_NAMES)
    drawn = np.concatenate([rng.permutation(pairs) for _ in range(number // pairs + 1)])[:number]
    return [
        f"{GIVEN_NAMES[pair % len(GIVEN_NAMES)]} {FAMILY_NAMES[pair // len(GIVEN_NAMES)]}"
        for pair in drawn.tolist()
    ]


def _move_people(
    people: People,
    timeline: Timeline,
    rng: np.random.Generator,
    team_branch: Codes,
    territories: Territories,
) -> None:
    """Let some reps change team, leave or join in each night after the first, each at most once."""
    teams = len(team_branch)
    candidates = rng.permutation(people.reps[people.reps >= 1 + 2 * teams])
    candidates = candidates[people.is_active[0, candidates]]
    per_night = max(1, len(people.reps) // 40)
    for night in range(2, timeline.nights + 1):
        if len(candidates) < per_night + 2:
            return
        later = slice(night - 1, None)
        movers, leaver, joiner = np.split(candidates[: per_night + 2], [per_night, per_night + 1])
        candidates = candidates[per_night + 2 :]
        target = (people.team[0, movers] + rng.integers(1, teams, per_night)) % teams
        people.team[later, movers] = target
        people.manager[later, movers] = 1 + target
        had_branch = people.own_branch[0, movers] >= 0
        people.own_branch[later, movers] = np.where(had_branch, team_branch[target], NOBODY)
        people.territory[later, movers] = territories.leaves[2 * team_branch[target]]
        people.is_active[later, leaver] = False
        people.leave_day[leaver] = timeline.business_day(night)
        people.successor[leaver] = 1 + teams + people.team[0, leaver]
        people.first_night[joiner] = night
        people.hire_day[joiner] = timeline.business_day(night)


def _accounts(
    timeline: Timeline,
    seed: int,
    number: int,
    countries: tuple[str, ...],
    people: People,
    territories: Territories,
    money: int,
) -> Accounts:
    rng = stream(seed, "accounts")
    weight = (1 - rng.random(number)) ** (-1 / 1.16)
    for _ in range(10):
        weight = np.minimum(weight, LARGEST_SHARE * weight.sum())
    size_rank = np.argsort(np.argsort(-weight * rng.lognormal(0, 0.5, number)))
    segment = np.digitize(size_rank / number, [0.08, 0.35]).astype(np.int32)
    weight[rng.random(number) < 0.06] = 0.0
    sellers = people.reps[people.selling_weight(timeline.business_day(1)) > 0]
    parent = np.where(
        (rng.random(number) < 0.05) & (segment > 0), rng.integers(0, number, number), NOBODY
    )
    parent[parent == np.arange(number)] = NOBODY
    country_share = np.array([3.0, *[1.0] * (len(countries) - 1)])
    revenue_dollars = rng.lognormal(np.array([19.0, 17.0, 14.5])[segment], 0.7)
    names, short_names = _account_names(number, rng)
    accounts = Accounts(
        names=names,
        short_names=short_names,
        new_names={},
        industry=rng.integers(0, len(INDUSTRIES), number, dtype=np.int32),
        segment=segment,
        country=rng.choice(len(countries), number, p=country_share / country_share.sum()).astype(
            np.int32
        ),
        owner=rng.choice(sellers, number).astype(np.int32),
        territory=rng.choice(territories.leaves, number).astype(np.int32),
        parent=parent.astype(np.int32),
        revenue=np.round(revenue_dollars).astype(np.int64) * 100 * money,
        employees=np.maximum(1, revenue_dollars / 180_000).astype(np.int32),
        weight=weight,
        first_night=np.ones(number, dtype=np.int8),
        last_night=np.full(number, NEVER, dtype=np.int8),
        renamed_night=np.full(number, NEVER, dtype=np.int8),
    )
    _change_accounts(accounts, timeline, rng)
    return accounts


def _account_names(number: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    first = rng.choice(ACCOUNT_FIRST_WORDS, number).tolist()
    second = rng.choice(ACCOUNT_SECOND_WORDS, number).tolist()
    form = rng.choice(ACCOUNT_FORMS, number).tolist()
    short = [f"{one} {two}" for one, two in zip(first, second, strict=True)]
    full = [f"{name} {kind}".replace(" ,", ",") for name, kind in zip(short, form, strict=True)]
    return full, short


def _change_accounts(accounts: Accounts, timeline: Timeline, rng: np.random.Generator) -> None:
    """Rename, add and drop some accounts in each night after the first."""
    number = len(accounts)
    parents = np.unique(accounts.parent[accounts.parent >= 0])
    prospects = np.setdiff1d(np.flatnonzero(accounts.weight == 0), parents)
    customers = np.setdiff1d(np.flatnonzero(accounts.weight > 0), parents)
    leaving = rng.permutation(prospects)
    changing = rng.permutation(customers)
    renames, additions = max(2, number // 500), max(1, number // 1_000)
    for night in range(2, timeline.nights + 1):
        if len(changing) < renames + additions + number // 4:
            return
        renamed, added, changing = np.split(changing, [renames, renames + additions])
        accounts.renamed_night[renamed] = night
        for account in renamed.tolist():
            accounts.new_names[account] = f"{accounts.short_names[account]} Holding"
        accounts.first_night[added] = night
        if len(leaving):
            accounts.last_night[leaving[0]] = night - 1
            leaving = leaving[1:]
    # An account that is new in a night has no deals from before it; nights.py gives it its first.
    accounts.weight[accounts.first_night > 1] = 0.0
