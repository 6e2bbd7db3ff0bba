"""The marts gate's checks: what BI is about to read is whole, in range and adds up.

Belongs here: ranges, ratios recomputed from their parts, totals over levels, and that nothing
personal is on its way out. Does not belong here: how a metric is computed (dbt unit tests).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from expectations.checks import AS_OF, BATCH, Check, quoted
from ingestion.contracts.tables import Contracts

_MARTS = "marts"
_DEFECT = "this is a defect of the mart; report it with these rows"
_GRAIN = ("basis", "period_grain", "period_start", "level", "member_id")


@dataclass(frozen=True)
class _Ratio:
    """A ratio and the parts it must be made of."""

    mart: str
    name: str
    numerator: str
    denominator: str
    is_share: bool


_RATIOS = (
    _Ratio("mart_conversion", "conversion_rate", "won_deals", "won_deals + lost_deals", True),
    _Ratio("mart_conversion", "value_conversion_rate", "won_value", "won_value + lost_value", True),
    _Ratio("mart_deal_outcome", "average_managed_value", "managed_value", "managed_deals", False),
)
_ADDITIVE = {
    "mart_conversion": ("won_deals", "lost_deals", "won_value", "lost_value"),
    "mart_sales_cycle": ("won_deals", "lost_deals"),
    "mart_deal_outcome": ("managed_deals", "undated_deals", "closed_deals", "won_deals"),
    "mart_pipeline_value": ("open_deals", "overdue_deals", "no_amount_deals", "undated_deals"),
}
# Added up over currencies and rounded once a row.
_ROUNDED = {"mart_deal_outcome": "managed_value", "mart_pipeline_value": "open_value"}


def marts_checks(contracts: Contracts) -> tuple[Check, ...]:
    """Gives the checks of every metric mart."""
    return (
        *_presence_checks(),
        *(check for ratio in _RATIOS for check in _ratio_checks(ratio)),
        *(_level_check(mart, parts) for mart, parts in _ADDITIVE.items()),
        *_cycle_checks(),
        *_pipeline_checks(),
        *_compensation_checks(),
        *_commission_checks(),
        *_catalogue_checks(),
        _personal_data_check(contracts),
    )


def _grain(mart: str) -> tuple[str, ...]:
    return ("as_of_date", "level", "member_id") if mart == "mart_pipeline_value" else _GRAIN


def _presence_checks() -> Iterator[Check]:
    yield Check(
        _MARTS,
        "mart_conversion",
        "every_decided_deal_counted",
        f"""
        with facts as (
            select count(*) filter (is_won) as won, count(*) filter (is_lost) as lost
            from warehouse.core.fct_opportunity
            where is_closed and is_last_episode and not is_excluded
        ),
        mart as (
            select coalesce(sum(won_deals), 0) as won, coalesce(sum(lost_deals), 0) as lost
            from {BATCH} where level = 'company' and period_grain = 'month' and basis = 'restated'
        )
        select facts.won, mart.won as won_in_mart, facts.lost, mart.lost as lost_in_mart
        from facts cross join mart where facts.won <> mart.won or facts.lost <> mart.lost
        """,
        "differences between decided deals in core and in the mart",
        "deals may be closed outside company.yml's calendar_start and calendar_end",
    )
    yield Check(
        _MARTS,
        "mart_opportunities",
        "every_deal_once",
        "select coalesce(fact.opportunity_id, mart.opportunity_id) as opportunity_id "
        "from (select opportunity_id from warehouse.core.fct_opportunity "
        "where is_last_episode) fact "
        f"full join (select opportunity_id from {BATCH}) mart using (opportunity_id) "
        "where fact.opportunity_id is null or mart.opportunity_id is null",
        "deals that stand in only one of core and the mart",
        _DEFECT,
    )


def _ratio_checks(ratio: _Ratio) -> Iterator[Check]:
    grain = ", ".join(_grain(ratio.mart))
    yield Check(
        _MARTS,
        ratio.mart,
        f"{ratio.name}_of_its_parts",
        f"select {grain} from {BATCH} where case when {ratio.denominator} = 0 "
        f"then {ratio.name} is not null else {ratio.name} is null or "
        f"abs({ratio.name} - cast({ratio.numerator} as double) / ({ratio.denominator})) > 0.006 "
        "end",
        f"rows whose {ratio.name} is not ({ratio.numerator}) / ({ratio.denominator})",
        _DEFECT,
    )
    if ratio.is_share:
        yield Check(
            _MARTS,
            ratio.mart,
            f"{ratio.name}_is_a_share",
            f"select {grain} from {BATCH} where {ratio.name} not between 0 and 1",
            f"rows whose {ratio.name} is not between 0 and 1",
            _DEFECT,
        )


def _level_check(mart: str, parts: tuple[str, ...]) -> Check:
    """The company's parts are the sum of its reps', the unknown one included."""
    grain = [column for column in _grain(mart) if column not in ("level", "member_id")]
    columns = ", ".join(grain)
    rounded = _ROUNDED.get(mart)
    named = (*parts, rounded) if rounded else parts
    sums = ", ".join(f"coalesce(sum({part}), 0) as {part}" for part in named) + ", count(*) as n"
    differs = " or ".join(f"c.{part} is distinct from r.{part}" for part in parts)
    if rounded:
        differs += f" or abs(c.{rounded} - r.{rounded}) > 0.005 * (r.n + 1)"
    return Check(
        _MARTS,
        mart,
        "company_is_the_sum_of_reps",
        f"with c as (select {columns}, {sums} from {BATCH} where level = 'company' group by all), "
        f"r as (select {columns}, {sums} from {BATCH} where level = 'rep' group by all) "
        f"select {columns} from c full join r using ({columns}) where {differs}",
        f"periods in which {', '.join(named)} of all reps do not add up to the company's",
        _DEFECT,
    )


def _cycle_checks() -> Iterator[Check]:
    grain = ", ".join(_GRAIN)
    yield Check(
        _MARTS,
        "mart_sales_cycle",
        "cycle_days_in_order",
        f"select {grain} from {BATCH} where least(mean_cycle_days, median_cycle_days, "
        "mean_active_days, mean_lost_cycle_days, median_lost_cycle_days) < 0 "
        "or median_cycle_days > p90_cycle_days or mean_active_days > mean_cycle_days",
        "rows with negative cycles, a median above the 90th percentile or too many active days",
        _DEFECT,
    )
    yield Check(
        _MARTS,
        "mart_deal_outcome",
        "outcome_of_its_parts",
        f"select {grain} from {BATCH} o full join "
        f"(select {grain}, won_deals, lost_deals, won_value "
        "from marts.marts.mart_conversion) c "
        f"using ({grain}) "
        "where c.won_deals is not null and (o.closed_deals is distinct from "
        "c.won_deals + c.lost_deals or o.won_deals is distinct from c.won_deals "
        "or abs(o.average_deal_outcome * o.closed_deals - c.won_value) > 0.01 * o.closed_deals)",
        "rows that disagree with mart_conversion on decided deals or their value",
        _DEFECT,
    )


def _pipeline_checks() -> Iterator[Check]:
    yield Check(
        _MARTS,
        "mart_pipeline_value",
        "open_deals_as_in_core",
        f"""
        with facts as (
            select count(*) as deals, coalesce(sum(opportunity_value), 0) as value
            from warehouse.core.fct_opportunity
            where not is_closed and not is_excluded and is_last_episode
        ),
        mart as (
            select coalesce(sum(open_deals), 0) as deals, coalesce(sum(open_value), 0) as value
            from {BATCH}
            where level = 'company'
              and as_of_date = {AS_OF}
        )
        select facts.deals, mart.deals as deals_in_mart, facts.value, mart.value as value_in_mart
        from facts cross join mart
        -- The mart rounds once, the facts once a deal.
        where facts.deals <> mart.deals or abs(facts.value - mart.value) > 0.005 * (facts.deals + 1)
        """,
        "differences between open deals in core and the pipeline of the last day",
        _DEFECT,
    )
    yield Check(
        _MARTS,
        "mart_pipeline_value",
        "parts_in_range",
        f"select as_of_date, level, member_id from {BATCH} where open_deals < 0 or open_value < 0 "
        "or weighted_value < 0 or weighted_value > open_value or overdue_deals > open_deals "
        "or overdue_value > open_value or no_amount_deals > open_deals",
        "rows with negative parts or parts above the whole",
        _DEFECT,
    )


def _compensation_checks() -> Iterator[Check]:
    """What must hold of shown pay; a row that fails is named by its grain, never by its pay."""
    mart, grain = "mart_compensation", ", ".join(_GRAIN)
    wrong = {
        "pay_of_enough_people": (
            "coalesce(fixed_value, variable_value, employer_cost_value, cost_of_sales, "
            "effective_commission_rate) is not null and (level = 'rep' or people < "
            "(select coalesce(max(minimum_group_size), 5) from raw.company.settings))",
            "rows that show the pay of fewer people than minimum_group_size",
        ),
        "suppressed_pay_is_empty": (
            "is_suppressed <> (suppression_reason is not null) "
            "or (fixed_value is null) <> is_suppressed "
            "or (employer_cost_value is null) <> is_suppressed "
            "or (variable_value is null) "
            "<> (coalesce(suppression_reason, 'turnover') <> 'turnover')",
            "rows that show what is suppressed, or leave out what is not",
        ),
        "fixed_pay_of_the_company_only": (
            "fixed_value is not null and (level <> 'company' or rounded_to is null)",
            "rows that show fixed pay of a part of the company, or do not say how it is rounded",
        ),
        "cost_of_its_parts": (
            "cost_of_sales is distinct from fixed_value + variable_value + employer_cost_value",
            "rows whose cost_of_sales is not fixed_value + variable_value + employer_cost_value",
        ),
        "effective_commission_rate_of_its_parts": (
            "case when variable_value is null or won_value = 0 "
            "then effective_commission_rate is not null "
            "else effective_commission_rate is null or abs(effective_commission_rate * won_value "
            "- variable_value) > 0.01 end",
            "rows whose effective_commission_rate is not variable_value / won_value",
        ),
    }
    for name, (condition, found) in wrong.items():
        yield Check(
            _MARTS, mart, name, f"select {grain} from {BATCH} where {condition}", found, _DEFECT
        )


def _commission_checks() -> Iterator[Check]:
    """Whose pay is wrong stands in the mart, which only the owner can read; here are counts."""
    yield Check(
        "restricted",
        "mart_commission_reconciliation",
        "commission_has_plans",
        "select status, count(*) as payments, count(distinct person_id) as sellers "
        f"from {BATCH} where status = 'no_plan' group by status",
        "kind of commission that cannot be judged: it was paid before any plan for its sellers is "
        "known",
        "land commission_plans, rate_tiers and plan_assignments from when on they held",
        severity="warn",
    )
    yield Check(
        "restricted",
        "mart_commission_reconciliation",
        "commission_is_paid_by_rule",
        f"select reason, count(*) as payments from {BATCH} where status = 'different' "
        "group by reason",
        "reasons for which paid commission is not what the plans say",
        "look them up in restricted.mart_commission_reconciliation of published/restricted.duckdb; "
        "docs/commission.md explains each",
        severity="warn",
    )


def _catalogue_checks() -> Iterator[Check]:
    yield Check(
        _MARTS,
        "metric_values",
        "metrics_are_catalogued",
        f"select distinct metric from {BATCH} where metric not in "
        "(select name from marts.marts.metric_catalogue)",
        "metrics with values that the catalogue does not explain",
        "add them to the semantic YAML",
    )
    yield Check(
        _MARTS,
        "metric_catalogue",
        "catalogue_not_empty",
        f"select 1 as empty_catalogue where not exists (select * from {BATCH})",
        "empty catalogue: dbt found no metrics",
        "check the form of the semantic YAML; dbt ignores a newer form silently",
    )


def _personal_data_check(contracts: Contracts) -> Check:
    names = {column.name for table in contracts for column in table.columns if column.is_masked}
    listed = ", ".join(quoted(name) for name in sorted(names))
    return Check(
        _MARTS,
        "metric_catalogue",
        "nothing_personal_published",
        "select table_name, column_name from duckdb_columns() "
        "where (database_name = 'marts' "
        "or (database_name = 'warehouse' and schema_name = 'marts')) "
        f"and column_name in ({listed})",
        "columns of open marts that carry personal or pay data",
        "remove them from the mart; such columns belong in restricted marts",
        watched_schemas=frozenset({_MARTS}),
    )
