"""Nobody's pay can be made out from what open marts show of pay, by month or from night to night.

The attacker keeps both publications, knows who is counted in which row, and may take salaries to be
the same in every month. Variable pay is recovered where a combination of rows is made up of fewer people
than the minimum group size; that a number happens to be near somebody's pay is no recovery. Fixed pay and
cost are rounded; they are recovered where all that is shown leaves no more room for what somebody costs
than 10 % to each side. The same attacks recover people from the sums before suppression and rounding, so
they are real ones. And what is shown is of use: a company of 50 sees what its sales cost.
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
from pay_attack import Bounds, Sum, possible_pay, queries, smallest_support
from warehouse_testbed import ChangeLogOfTest, read_warehouse

pytestmark = pytest.mark.minutes(2)

MINIMUM = 5
QUERIES = 10_000
PARTS = ("fixed_value", "variable_value", "employer_cost_value", "cost_of_sales")
COMPANIES = {
    "twelve": PaidCompany(seed=1, size=12, turnover=0.02, is_steady=True),
    "forty": PaidCompany(seed=2, size=40, turnover=0.02),
    # 18 % of the reps leave in a year, and as many join.
    "fifty": PaidCompany(seed=4, size=50, turnover=0.015, months=36),
    "ninety": PaidCompany(seed=3, size=90, turnover=0.03, is_steady=True),
    "three_hundred": PaidCompany(seed=6, size=300, turnover=0.03),
}

ROUNDED = ("fixed_value", "employer_cost_value", "cost_of_sales")

Pay = dict[tuple[str, str, str, str, str], dict[str, Decimal]]


@dataclass(frozen=True)
class Publication:
    """What one night shows, the sums behind it, what its owner sees, and the pay of everybody."""

    rows: list[dict]
    everything: list[dict]
    exact: list[dict]
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

    def bases(self) -> dict[str, dict[str, float]]:
        """Gives what each costs by month, but for commission and what goes with it."""
        parts: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
        for (month, person, *_), values in self.nights[1].pay.items():
            for index, part in enumerate(PARTS[:3]):
                parts[month, person][index] += float(values[part])
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for (month, person), (fixed, variable, cost) in parts.items():
            share = (
                fixed / (fixed + variable) if min(fixed, variable) >= 0 < fixed + variable else 1
            )
            found[month][person] = fixed + cost * share
        return found

    def published_months(self) -> dict[str, dict]:
        """Gives the company's rows by month in which its cost is published."""
        return {
            str(row["period_start"]): row
            for row in self.nights[1].rows
            if row["period_grain"] == "month" and row["rounded_to"] is not None
        }

    def published_bounds(self) -> list[Bounds]:
        """Gives what the company's months tell of what each costs without commission.

        Whose pay is the same in two months is one unknown; the attacker knows when it moves.
        """
        bases = self.bases()
        return [
            Bounds(
                frozenset((person, round(base)) for person, base in bases[month].items()),
                rounded_part(row) - float(row["rounded_to"]) / 2,
                rounded_part(row) + float(row["rounded_to"]) / 2,
            )
            for month, row in self.published_months().items()
        ]


def rounded_part(row: dict) -> float:
    """Gives what of a month's cost is rounded: variable pay and a whole percent of it less.

    Only one percentage, which is about that of social security, leaves a multiple of the step.
    """
    step, variable = float(row["rounded_to"]), float(row["variable_value"])
    rest = float(row["cost_of_sales"]) - variable
    rates = sorted(range(-100, 101), key=lambda percent: abs(percent - 20))
    for percent in rates:
        part = rest - round(variable * percent / 100, 2)
        if abs(part - step * round(part / step)) < 0.02:
            return step * round(part / step)
    raise AssertionError("the cost is no multiple of its step")


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
                "from restricted.fct_pay_cell",
            ),
            as_dicts(warehouse, "from restricted.mart_compensation_unsuppressed"),
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
        published = (
            "+fct_pay_cell",
            "dim_as_of",
            "mart_compensation_unsuppressed",
            "mart_compensation",
        )
        return Known(company, (first, publication(log, models, *published)))

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
    for shown in (s for s in known.sums("variable_value") if s.publication == 1):
        expected = sum(pay_by_unit[unit]["variable_value"] for unit in shown.units)
        assert shown.value == pytest.approx(float(expected), abs=0.005), shown.cell


# Of the others, what is published late counts in other months.
@pytest.mark.parametrize(
    "known", [name for name, company in COMPANIES.items() if company.is_steady], indirect=True
)
def test_the_company_costs_what_its_reps_are_paid(known: Known):
    found = {
        row["period_start"]: row["cost_of_sales"]
        for row in known.nights[1].everything
        if (row["period_grain"], row["level"]) == ("month", "company")
    }
    assert found == known.company.true_cost()


def test_some_pay_is_shown(known: Known):
    reasons = Counter(row["suppression_reason"] for row in known.nights[1].rows)
    assert sum(reasons[reason] for reason in (None, "turnover")) > 0, reasons
    assert sum(row["variable_value"] is not None for row in known.nights[1].rows) > 0, reasons


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
            assert most < 0.8 * abs(sum(by_person.values())) or most == 0, shown.cell


def test_parts_that_move_little_are_shown_together_or_not_at_all(known: Known):
    """What is found of one of them then holds for the others."""
    shown = [
        [(number.cell, number.publication, number.units) for number in known.sums(part)]
        for part in ("fixed_value", "employer_cost_value", "cost_of_sales")
    ]
    assert shown[0] == shown[1] == shown[2]


def test_no_combination_of_rows_is_made_up_of_a_few(known: Known):
    sums = known.sums("variable_value")
    chance = random.Random(known.company.seed)
    assert smallest_support(sums, lambda unit: unit, 10, chance) >= MINIMUM


def test_ten_thousand_differences_recover_nobody(known: Known, record_property):
    pays = sorted(float(values["variable_value"]) for values in known.nights[1].pay.values())
    near = 0
    sums = known.sums("variable_value")
    for query in queries(sums, QUERIES, random.Random(known.company.seed)):
        assert not too_few(query.by_month)
        value = abs(query.value)
        near += bisect(pays, value * 1.01) > bisect_left(pays, value * 0.99) and value > 0
    record_property("values_that_happen_to_be_near_a_pay", near)


def test_cost_is_told_of_the_company_only_and_of_longer_periods_as_the_sum_of_months(known: Known):
    """So what is published of a quarter or a year follows from what is published of months."""
    months = known.published_months()
    for night in known.nights:
        for row in night.rows:
            parts = [row[part] is not None for part in (*ROUNDED, "rounded_to")]
            assert any(parts) == all(parts)
            if not all(parts):
                continue
            assert row["level"] == "company"
            place = {"quarter": 0, "year": 1}.get(row["period_grain"])
            of_period = [
                month
                for month in months
                if place is not None and night.fiscal[month][place] == str(row["period_start"])
            ]
            for part in (*ROUNDED, "variable_value", "rounded_to"):
                if place is not None:
                    assert row[part] == sum(months[month][part] for month in of_period)


def test_steps_only_double_and_everybody_fits_into_them(known: Known):
    bases = known.bases()
    last = 0.0
    for month, row in sorted(known.published_months().items()):
        step = float(row["rounded_to"])
        assert (step / 125).is_integer() and int(step / 125).bit_count() == 1
        assert step >= last
        assert max(map(abs, bases[month].values())) <= 2.5 * step
        last = step


def test_nobody_is_told_to_within_ten_percent(known: Known):
    """Not even to who knows everybody's months, when each one's pay moves, and that it is else the same."""
    published = known.published_bounds()
    assert len(published) >= 12
    bases = known.bases()
    months = list(known.published_months())
    for month, bounds in zip(months, published, strict=True):
        # What the attacker takes for true is true.
        assert bounds.low - 0.05 <= sum(bases[month].values()) <= bounds.high + 0.05
    most = max(
        (2.5 * float(row["rounded_to"]) for row in known.published_months().values()), default=1
    )
    for (_, pay), (low, high) in possible_pay(published, most, 60).items():
        assert (high - low) / 2 >= 0.1 * pay


@pytest.mark.parametrize("known", ["twelve"], indirect=True)
def test_the_same_attack_finds_people_where_nothing_is_rounded(known: Known):
    bases = known.bases()
    exact = [
        Bounds(
            frozenset((person, round(base)) for person, base in people.items()),
            sum(people.values()) - 1,
            sum(people.values()) + 1,
        )
        for people in bases.values()
    ]
    most = max(base for people in bases.values() for base in people.values()) + 1
    found = [
        pay
        for (_, pay), (low, high) in possible_pay(exact, most, 60).items()
        if (high - low) / 2 < 0.1 * pay
    ]
    assert found != []


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
    sums = known.sums("fixed_value", reasons={reason, "turnover"})
    chance = random.Random(known.company.seed)
    assert smallest_support(sums, unknown, 10, chance) < MINIMUM


def test_the_owner_sees_every_row_to_the_cent(known: Known):
    """What is withheld in open marts is there for whoever may see pay."""
    night = known.nights[1]
    sums = {tuple(row[c] for c in CELL): row for row in night.everything}
    exact = {tuple(row[c] for c in CELL): row for row in night.exact}
    assert exact.keys() == {tuple(row[c] for c in CELL) for row in night.rows}
    for cell, row in exact.items():
        assert {part: row[part] for part in PARTS} == {part: sums[cell][part] for part in PARTS}


@pytest.mark.parametrize("known", ["fifty"], indirect=True)
def test_a_company_of_50_sees_what_its_sales_cost(known: Known):
    """It is rounded, but not so that nothing is left of it."""
    night = known.nights[1]
    exact = {tuple(row[c] for c in CELL): row for row in night.exact}
    for grain, number in {"month": 36, "quarter": 12, "year": 3}.items():
        rows = [r for r in night.rows if (r["period_grain"], r["level"]) == (grain, "company")]
        assert len(rows) == number
        seen = [row for row in rows if row["cost_of_sales"] is not None]
        assert len(seen) >= 0.9 * number
        for row in seen:
            true = exact[tuple(row[c] for c in CELL)]
            error = abs(row["cost_of_sales"] - true["cost_of_sales"])
            assert error <= row["rounded_to"] / 2 + abs(row["variable_value"]) / 200
            assert row["cost_of_sales"] == pytest.approx(true["cost_of_sales"], rel=Decimal("0.08"))
            for part in ROUNDED:
                assert row[part] == pytest.approx(true[part], rel=Decimal("0.1"))
