"""The core gate's checks of what HR and payroll say: contradictions that no single row shows.

Belongs here: rows that each keep their contract and still cannot all be right. Does not belong
here: what a single row must satisfy (contracts), and the inside of the models (dbt). Nobody is
named and no pay is told: what a check selects is shown in messages.
"""

from __future__ import annotations

from collections.abc import Iterator

from expectations.checks import BATCH, Check

_STAGING = "staging"
_AS_OF = "(select as_of_date from warehouse.intermediate.int_warehouse_as_of)"


def people_checks() -> Iterator[Check]:
    """Gives the checks, each of which only warns: a contradiction stops nobody's numbers."""
    yield from _worker_checks()
    yield from _pay_checks()
    yield from _plan_checks()


def _warning(table: str, name: str, query: str, meaning: str, advice: str) -> Check:
    layer, _, table_name = table.partition(".")
    return Check(layer, table_name, name, query, meaning, advice, severity="warn")


def _worker_checks() -> Iterator[Check]:
    yield _warning(
        f"{_STAGING}.stg_hr__workers",
        "gone_is_terminated",
        f"select worker_status, count(*) as workers from {BATCH} "
        f"where exited_on <= {_AS_OF} and worker_status <> 'terminated' group by worker_status",
        "statuses of workers whose exit has passed and who are not terminated; the exit counts",
        "find them in staging.stg_hr__workers of warehouse.duckdb, and correct status or exit "
        "in HR",
    )
    yield _warning(
        f"{_STAGING}.stg_hr__compensation",
        "one_base_at_a_time",
        "with ordered as (select worker_id, component, effective_from, effective_to, "
        "lead(effective_from) over (partition by worker_id, component order by effective_from) "
        f"as next_from from {BATCH}) select component, count(distinct worker_id) as workers "
        "from ordered where next_from < effective_to or next_from = effective_from "
        "group by component",
        "components of pay of which some worker has two at one time",
        "find them in staging.stg_hr__compensation of warehouse.duckdb, and end the earlier "
        "agreement in HR on the day the later one begins",
    )
    yield _warning(
        "intermediate.int_time_entries_judged",
        "entries_can_be_right",
        f"select problem, count(*) as entries from {BATCH} where problem is not null "
        "group by problem",
        "reasons for which time entries do not count",
        "find them in intermediate.int_time_entries_judged of warehouse.duckdb, and correct them "
        "in the time sheet",
    )


def _pay_checks() -> Iterator[Check]:
    lines = "warehouse.staging.stg_payroll__pay_lines"
    yield _warning(
        f"{_STAGING}.stg_payroll__pay_runs",
        "runs_tie_out",
        f"select runs.pay_run_id, count(lines.pay_line_id) as lines from {BATCH} as runs "
        f"left join {lines} as lines using (pay_run_id) where runs.control_total is not null "
        "group by runs.pay_run_id, runs.control_total "
        "having coalesce(sum(lines.pay_amount), 0) <> runs.control_total",
        "runs whose lines do not add up to their control total",
        "ask payroll for the whole run; lines may be missing or sent twice",
    )
    yield _warning(
        f"{_STAGING}.stg_payroll__pay_lines",
        "exchange_rate_known",
        f"select lines.currency_code, count(*) as lines from {BATCH} as lines "
        "inner join warehouse.staging.stg_payroll__pay_runs as runs using (pay_run_id) "
        "left join warehouse.staging.stg_payroll__pay_periods as periods using (pay_period_id) "
        "left join warehouse.intermediate.int_fx_rates_daily as rates "
        "on lines.currency_code = rates.currency_code "
        "and coalesce(runs.paid_on, periods.period_end) = rates.rate_date "
        "where lines.currency_code is not null and rates.rate_date is null "
        "group by lines.currency_code",
        "currencies of pay without an exchange rate on the day of payment",
        "land the missing rates in fx_rates, or raise max_rate_age_days in company.yml",
    )
    yield _warning(
        f"{_STAGING}.stg_payroll__opportunity_splits",
        "splits_add_up",
        f"select opportunity_id, sum(split_share) as shares from {BATCH} "
        "group by opportunity_id having sum(split_share) <> 1",
        "deals whose shares do not add up to 1",
        "correct the shares of the deal",
    )


def _plan_checks() -> Iterator[Check]:
    assignments = "warehouse.staging.stg_payroll__plan_assignments"
    yield _warning(
        f"{_STAGING}.stg_payroll__rate_tiers",
        "tiers_follow_each_other",
        "with ordered as (select *, lead(tier_from) over "
        f"(partition by plan_id, plan_version order by tier_from) as next_from from {BATCH}) "
        "select plan_id, plan_version, tier_from, tier_to from ordered "
        "where tier_to is distinct from next_from",
        "tiers that do not end where the next one begins",
        "let each tier end where the next one begins, and leave the end of the last one empty",
    )
    yield _warning(
        f"{_STAGING}.stg_payroll__commission_plans",
        "plans_are_used",
        f"select distinct plan_id from {BATCH} "
        f"where plan_id not in (select plan_id from {assignments})",
        "plans that nobody is on",
        "assign the plan, or take it out of the extract",
    )
    yield _warning(
        f"{_STAGING}.stg_payroll__plan_assignments",
        "plan_known",
        f"select plan_id, count(*) as assignments from {BATCH} where plan_id not in "
        "(select plan_id from warehouse.staging.stg_payroll__commission_plans) group by plan_id",
        "plans that people are on and that no extract has",
        "add the plan to the extract of commission_plans",
    )
