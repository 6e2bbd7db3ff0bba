"""Nobody's pay can be made out from what open marts show of pay, by month or from night to night.

The attacker keeps both publications, knows who is counted in which row, and may take salaries to be
the same in every month. Pay is recovered where a combination of rows is made up of fewer people than
the minimum group size; that a number happens to be near somebody's pay is no recovery. The same attack
recovers people from the sums before suppression, so it is a real one.
"""

from __future__ import annotations

import random
from bisect import bisect, bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

import duckdb
import pytest
from compiled_models import Models
from paid_company import PaidCompany
from pay_attack import Sum, queries, smallest_support
from warehouse_testbed import ChangeLogOfTest, read_warehouse

pytestmark = pytest.mark.minutes(2)

MINIMUM = 5
QUERIES = 10_000
PARTS = ("fixed_value", "variable_value", "employer_cost_value", "cost_of_sales")
COMPANIES = {
    "twelve": PaidCompany(seed=1, size=12, turnover=0.02, is_steady=True),
    "forty": PaidCompany(seed=2, size=40, turnover=0.02),
    "ninety": PaidCompany(seed=3, size=90, turnover=0.03, is_steady=True),
    "three_hundred": PaidCompany(seed=6, size=300, turnover=0.03),
}

Pay = dict[tuple[str, str, str, str, str], dict[str, Decimal]]


@dataclass(frozen=True)
class Publication:
    """What one night shows, the sums behind it, and the pay that they are made of."""

    rows: list[dict]
    everything: list[dict]
    pay: Pay
    fiscal: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Known:
    """Both nights of a company."""

    company: PaidCompany
    nights: tuple[Publication, Publication]

    def sums(self, part: str, reasons: set[str] | None = None) -> list[Sum]:
        """Gives what both nights publish of one part of pay.

        Args:
            part: Column of the mart.
            reasons: Publishes more than that: also what is withheld for one of these reasons.
        """
        found = []
        for number, night in enumerate(self.nights):
            units: dict[tuple, set[tuple[str, str]]] = defaultdict(set)
            for month, person, branch, team, territory in night.pay:
                quarter, year = night.fiscal[month]
                members = {"company": "all", "branch": branch, "team": team, "territory": territory}
                for period in (("month", month), ("quarter", quarter), ("year", year)):
                    for member in members.items():
                        unit = (person, f"{month} {branch} {team} {territory}")
                        units[period + member].add(unit)
            for row in night.everything if reasons else night.rows:
                if reasons and row["suppression_reason"] not in {None, *reasons}:
                    continue
                if row[part] is not None:
                    cell = tuple(str(row[c]) for c in CELL)
                    found.append(Sum(cell, number, frozenset(units[cell]), float(row[part])))
        return found


REASONS = {"too_few_people", "dominated", "complementary", "turnover"}
CELL = ("period_grain", "period_start", "level", "member_id")


def as_dicts(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def publication(log: ChangeLogOfTest, models: Models, *selected: str) -> Publication:
    models.build(log.home, *selected)
    with read_warehouse(log.home) as warehouse:
        pay = {
            (
                str(r["month_start"]),
                r["person_id"],
                r["branch_id"],
                r["team_id"],
                r["territory_id"],
            ): {part: r[part] for part in PARTS[:3]}
            for r in as_dicts(warehouse, "from restricted.fct_seller_pay")
        }
        return Publication(
            as_dicts(warehouse, "from marts.mart_compensation"),
            as_dicts(
                warehouse,
                "select *, fixed_value + variable_value + employer_cost_value as cost_of_sales "
                "from intermediate.int_pay_cells_judged",
            ),
            pay,
            {
                str(month): (str(quarter), str(year))
                for month, quarter, year in warehouse.execute(
                    "select distinct month_start, quarter_start, year_start from core.dim_date"
                ).fetchall()
            },
        )


@pytest.fixture(scope="module")
def built(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Known]:
    """Gives a company by its name; each is built once, however many tests choose from them."""

    @cache
    def build(name: str) -> Known:
        company = COMPANIES[name]
        log = ChangeLogOfTest(tmp_path_factory.mktemp(name))
        company.tell_first_night(log)
        first = publication(log, models, "+mart_compensation")
        company.tell_second_night(log)
        # The company has no deals, so their models need no second run.
        told = ("+int_pay_cells_judged", "int_warehouse_as_of", "mart_compensation")
        return Known(company, (first, publication(log, models, *told)))

    return build


@pytest.fixture(scope="module", params=COMPANIES)
def known(request: pytest.FixtureRequest, built: Callable[[str], Known]) -> Known:
    return built(request.param)


def too_few(people: Collection[str]) -> bool:
    return 1 <= len(people) < MINIMUM


def test_what_is_shown_is_the_sum_of_its_peoples_pay(known: Known):
    pay_by_unit = {
        (person, f"{month} {branch} {team} {territory}"): values
        for (month, person, branch, team, territory), values in known.nights[1].pay.items()
    }
    for part in PARTS[:3]:
        for shown in (s for s in known.sums(part) if s.publication == 1):
            expected = sum(pay_by_unit[unit][part] for unit in shown.units)
            assert shown.value == pytest.approx(float(expected), abs=0.005), shown.cell


# Of the others, what is told late counts in other months.
@pytest.mark.parametrize(
    "known", [name for name, company in COMPANIES.items() if company.is_steady], indirect=True
)
def test_the_company_costs_what_its_sellers_are_paid(known: Known):
    found = {
        row["period_start"]: row["cost_of_sales"]
        for row in known.nights[1].everything
        if (row["period_grain"], row["level"]) == ("month", "company")
    }
    assert found == known.company.true_cost()


def test_some_pay_is_shown(known: Known):
    reasons = Counter(row["suppression_reason"] for row in known.nights[1].rows)
    assert sum(reasons[reason] for reason in (None, "turnover")) > 0, reasons
    assert sum(row["fixed_value"] is not None for row in known.nights[1].rows) > 0, reasons


def test_a_second_night_changes_nothing_of_what_was_shown(known: Known):
    first, second = (
        {tuple(row[c] for c in CELL): {**row, "won_value": None} for row in night.rows}
        for night in known.nights
    )
    assert first.items() <= second.items()
    new = {(grain, start) for grain, start, _, _ in second.keys() - first.keys()}
    if second:
        assert new == {("month", date(2025, 12, 1)), ("quarter", date(2025, 10, 1)),
                       ("year", date(2025, 1, 1))}  # fmt: skip


def test_nobody_is_most_of_what_is_shown(known: Known):
    for part in PARTS[:3]:
        pay = known.nights[1].pay
        by_unit = {(p, f"{m} {b} {t} {x}"): float(v[part]) for (m, p, b, t, x), v in pay.items()}
        for shown in (s for s in known.sums(part) if s.publication == 1):
            by_person: dict[str, float] = defaultdict(float)
            for unit in shown.units:
                by_person[unit[0]] += by_unit[unit]
            assert len(by_person) >= MINIMUM
            most = max(map(abs, by_person.values()))
            assert most < 0.8 * abs(shown.value) or most == 0, shown.cell


def test_parts_that_move_little_are_shown_together_or_not_at_all(known: Known):
    """What is found of one of them then holds for the others."""
    shown = [
        [(number.cell, number.publication, number.units) for number in known.sums(part)]
        for part in ("fixed_value", "employer_cost_value", "cost_of_sales")
    ]
    assert shown[0] == shown[1] == shown[2]


@pytest.mark.parametrize("part", ["fixed_value", "variable_value"])
def test_no_combination_of_rows_is_made_up_of_a_few(known: Known, part: str):
    sums = known.sums(part)
    chance = random.Random(known.company.seed)
    assert smallest_support(sums, lambda unit: unit, 10, chance) >= MINIMUM


def test_nor_if_salaries_are_the_same_in_all_months(known: Known):
    sums = known.sums("fixed_value")
    chance = random.Random(known.company.seed)
    assert smallest_support(sums, lambda unit: unit[0], 40, chance) >= MINIMUM


@pytest.mark.parametrize("part", ["fixed_value", "variable_value"])
def test_ten_thousand_differences_recover_nobody(known: Known, part: str, record_property):
    pays = sorted(float(values[part]) for values in known.nights[1].pay.values())
    near = 0
    for query in queries(known.sums(part), QUERIES, random.Random(known.company.seed)):
        assert not too_few(query.by_month)
        assert part == "variable_value" or not too_few(query.by_person)
        value = abs(query.value)
        near += bisect(pays, value * 1.01) > bisect_left(pays, value * 0.99) and value > 0
    record_property("values_that_happen_to_be_near_a_pay", near)


def test_the_attack_recovers_people_from_sums_that_are_not_suppressed(known: Known):
    sums = known.sums("fixed_value", reasons=REASONS)
    chance = random.Random(known.company.seed)
    assert smallest_support(sums, lambda unit: unit, 1, chance) < MINIMUM
    assert smallest_support(sums, lambda unit: unit[0], 1, chance) == 1
    found = list(queries(sums, QUERIES, chance))
    assert sum(too_few(query.by_month) for query in found) > 50
    assert sum(too_few(query.by_person) for query in found) > 50
    if known.company.is_steady:
        recovered = [query for query in found if len(query.by_person) == 1]
        assert recovered
        for query in recovered:
            ((person, weight),) = query.by_person.items()
            salary = known.company.salary_of(person)
            assert abs(query.value) == pytest.approx(salary * abs(weight), rel=0.01)


@pytest.mark.parametrize(
    ("reason", "unknown"),
    [
        ("complementary", lambda unit: unit),
        ("turnover", lambda unit: unit[0]),
    ],
)
def test_each_rule_withholds_what_would_give_somebody_away(
    known: Known, reason: str, unknown: Callable[[tuple[str, str]], object]
):
    """Small and dominated rows alone are not all that must be withheld."""
    sums = known.sums("fixed_value", reasons={reason})
    chance = random.Random(known.company.seed)
    assert smallest_support(sums, unknown, 10, chance) < MINIMUM
