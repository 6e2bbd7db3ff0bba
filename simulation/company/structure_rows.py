"""The rows of the small tables, as text values, as of a night.

Belongs here: users, teams, branches, territories, products, stages, rates and the crosswalk of
persons. Does not: accounts, deals and line items, which are many and written from arrays.
"""

from collections.abc import Callable

from simulation.company.business_calendar import date_of
from simulation.company.currencies import Rates, rate_pair, rate_text
from simulation.company.structure import NOBODY, Company, branch_id, team_id
from simulation.company.timeline import Timeline
from simulation.company.vocabulary import STAGES

Row = tuple[str, ...]


def structure_rows(
    company: Company, rates: Rates, timeline: Timeline, night: int
) -> dict[str, list[Row]]:
    """Give the rows of each small table that a night's extract shows, in order of their keys."""
    return {
        "users": _users(company, night),
        "teams": _teams(company),
        "branches": [
            (branch_id(branch), place.city, place.region, place.country)
            for branch, place in enumerate(company.places)
        ],
        "territories": _territories(company),
        "products": [
            (
                product.product_id,
                product.name,
                product.family,
                "" if product.list_price is None else _money(product.list_price),
                product.currency_code,
                _boolean(product.is_active),
            )
            for product in company.products
        ],
        "stages": [
            (
                stage.stage_id,
                stage.name,
                str(stage.order),
                _boolean(stage.is_closed),
                _boolean(stage.is_won),
                f"{stage.probability / 100:.2f}",
            )
            for stage in STAGES
        ],
        "fx_rates": _fx_rates(rates, timeline.business_day(night)),
        "person_crosswalk": [
            ("crm", user, f"PE-{user.removeprefix('US-')}", "", "")
            for user, *_ in _users(company, night)
        ],
    }


def _users(company: Company, night: int) -> list[Row]:
    people, state = company.people, night - 1
    return [
        (
            people.id(person),
            people.names[person],
            people.email(person),
            f"E-{person + 1001}",
            people.roles[person],
            _reference(people.id, people.manager[state, person]),
            _reference(team_id, people.team[state, person]),
            _reference(branch_id, people.own_branch[state, person]),
            _reference(company.territories.id, people.territory[state, person]),
            _boolean(people.is_active[state, person]),
        )
        for person in range(len(people.names))
        if people.first_night[person] <= night
    ]


def _teams(company: Company) -> list[Row]:
    return [
        (team_id(team), name, company.people.id(1 + team), branch_id(company.team_branch[team]))
        for team, name in enumerate(company.team_names)
    ]


def _territories(company: Company) -> list[Row]:
    territories = company.territories
    return [
        (territories.id(territory), name, _reference(territories.id, parent))
        for territory, (name, parent) in enumerate(
            zip(territories.names, territories.parents, strict=True)
        )
    ]


def _fx_rates(rates: Rates, last_day: int) -> list[Row]:
    return [
        (
            date_of(day).isoformat(),
            *rate_pair(code, rates.inverse),
            rate_text(int(published[position])),
        )
        for position, day in enumerate(rates.days)
        if day <= last_day
        for code, published in rates.published.items()
    ]


def _reference(id_of: Callable[[int], str], code: int) -> str:
    return "" if code == NOBODY else id_of(int(code))


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
