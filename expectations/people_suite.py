"""The core gate's checks of what HR and payroll say: contradictions that no single row shows.

Belongs here: rows that each keep their contract and still cannot all be right. Does not belong
here: what a single row must satisfy (contracts), and the inside of the models (dbt). Nobody is
named and no pay is told: what a check selects is shown in messages.
"""

from __future__ import annotations

from collections.abc import Iterator

from expectations.checks import AS_OF, BATCH, Check

_STAGING = "staging"


def people_checks() -> Iterator[Check]:
    """Gives the checks, each of which only warns: a contradiction stops nobody's numbers."""
    yield from _worker_checks()
    yield from _place_checks()
    yield from _pay_checks()
    yield from _plan_checks()
    yield from _hiring_checks()
    yield from _training_checks()
    yield from _branch_checks()


def _warning(table: str, name: str, query: str, meaning: str, advice: str) -> Check:
    layer, _, table_name = table.partition(".")
    return Check(layer, table_name, name, query, meaning, advice, severity="warn")


def _worker_checks() -> Iterator[Check]:
    yield _warning(
        f"{_STAGING}.stg_hr__workers",
        "gone_is_terminated",
        f"select worker_status, count(*) as workers from {BATCH} "
        f"where exited_on <= {AS_OF} and worker_status <> 'terminated' group by worker_status",
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
        "intermediate.int_time_entries_not_counted",
        "entries_can_be_right",
        f"select problem, count(*) as entries from {BATCH} group by problem",
        "reasons for which time entries do not count",
        "find them in intermediate.int_time_entries_not_counted of warehouse.duckdb, and correct "
        "them in the time sheet",
    )


def _place_checks() -> Iterator[Check]:
    for place, places in {"team": "teams", "branch": "branches"}.items():
        known = f"warehouse.staging.stg_crm__{places}_history"
        yield _warning(
            f"{_STAGING}.stg_hr__positions",
            f"{places}_are_the_crms",
            f"select {place}_id, count(distinct worker_id) as workers from {BATCH} "
            f"where {place}_id not in (select {place}_id from {known} where is_current) "
            f"and exists (select 1 from {known}) group by {place}_id",
            f"{places} that HR names and the CRM does not have; their people count for the "
            f"{place} of their CRM user, or for none",
            f"map HR's {places} to the ids that the CRM has for them, or land them as {places} "
            "of the CRM",
        )


def _pay_checks() -> Iterator[Check]:
    lines = "restricted.restricted.fct_payroll_line"
    yield _warning(
        f"{_STAGING}.stg_payroll__pay_runs",
        "runs_tie_out",
        f"select runs.pay_run_id, count(lines.pay_line_id) as lines from {BATCH} as runs "
        "cross join warehouse.staging.stg_company__settings as settings "
        f"left join {lines} as lines on runs.pay_run_id = lines.pay_run_id "
        "and coalesce(runs.currency_code, settings.reporting_currency) = lines.currency_code "
        "where runs.control_total is not null group by runs.pay_run_id, runs.control_total "
        # Of thirds the cents add up, and not the sixth decimals.
        "having cast(coalesce(sum(lines.pay_amount), 0) as decimal(18, 2)) "
        "<> cast(runs.control_total as decimal(18, 2))",
        "runs whose lines in the currency of their control total do not add up to it",
        "ask payroll for the whole run; lines may be missing or sent twice",
    )
    yield _warning(
        f"{_STAGING}.stg_hr__compensation",
        "exchange_rate_known",
        f"select currency_code, count(*) as agreements from {BATCH} "
        "where currency_code is not null and currency_code not in "
        "(select currency_code from warehouse.intermediate.int_fx_rates_daily) "
        "group by currency_code",
        "currencies of agreements on pay without any exchange rate; what was agreed is not told",
        "land the missing rates in fx_rates",
    )
    yield _warning(
        "restricted.fct_payroll_line",
        "lines_can_be_counted",
        "select problem, case problem when 'no_exchange_rate' then currency_code "
        "when 'unknown_earning_code' then earning_code when 'unknown_run' then pay_run_id end "
        f"as what, count(*) as lines from {BATCH} where problem is not null group by all",
        "reasons for which pay lines cannot be counted whole",
        "land what is missing: the rate in fx_rates, the code in earning_codes, the run in "
        "pay_runs, the employee in employees",
    )
    yield _warning(
        "restricted.fct_payroll_line",
        "paid_while_employed",
        f"select lines.earning_code, count(*) as lines from {BATCH} as lines inner join "
        "(select person_id, max(ends_on) as last_day "
        "from warehouse.intermediate.int_employment_spells group by person_id) as employments "
        "using (person_id) where lines.earning_class = 'fixed' and lines.pay_amount > 0 "
        "and lines.pay_period_start > employments.last_day group by lines.earning_code",
        "codes of fixed pay for periods after the last day of employment",
        "find them in fct_payroll_line of published/restricted.duckdb, and correct the exit in HR "
        "or take the pay back",
    )
    yield _warning(
        f"{_STAGING}.stg_payroll__opportunity_splits",
        "splits_add_up",
        # A share has six decimals, so thirds are up to half of the last one off.
        f"select opportunity_id, sum(split_share) as shares from {BATCH} "
        "group by opportunity_id having abs(sum(split_share) - 1) > 0.0000005 * count(*)",
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
    yield _warning(
        "restricted.fct_credit",
        "credits_can_be_paid",
        f"select problem, count(*) as credits from {BATCH} "
        "where problem not in ('no_plan', 'no_employee', 'taken_back', 'unknown_seller') "
        "and exists (select * from warehouse.staging.stg_payroll__commission_plans) "
        "group by problem",
        "reasons for which credits of deals earn nothing",
        "find them in fct_credit of published/restricted.duckdb; docs/commission.md explains each",
    )
    yield _warning(
        "restricted.fct_credit",
        "wins_have_sellers",
        f"select distinct opportunity_id, won_date from {BATCH} where problem = 'unknown_seller'",
        "wins of no known seller; they count for the company, and nobody is credited",
        "give the deals their owners in the CRM, or land the users who own them",
    )
    yield _warning(
        "restricted.fct_commission",
        "limits_are_known",
        f"select problem, plan_id, count(*) as rows from {BATCH} where problem is not null "
        "group by problem, plan_id",
        "plans whose tiers, caps, incentives or draws lack something: no_quota is paid at the "
        "first tier's rate",
        "land the missing quotas in quotas of the CRM, or rates in fx_rates",
    )
    yield _warning(
        f"{_STAGING}.stg_payroll__draws",
        "draws_begin_a_period",
        f"select draws.period_start, count(*) as draws from {BATCH} as draws "
        "left join warehouse.staging.stg_company__calendar as calendar "
        "on draws.period_start = calendar.date_day "
        "where calendar.month_start is distinct from draws.period_start "
        "group by draws.period_start",
        "days on which draws begin and no month of the company's calendar does; such a draw is "
        "paid on top of what is earned in its period",
        "date the draw by the first day of its month, quarter or year",
    )
    yield _warning(
        f"{_STAGING}.stg_payroll__commission_adjustments",
        "exchange_rate_known",
        "select adjustments.currency_code, count(*) as adjustments "
        f"from {BATCH} as adjustments left join warehouse.intermediate.int_fx_rates_daily as rates "
        "on adjustments.currency_code = rates.currency_code "
        "and adjustments.approved_on = rates.rate_date "
        "where adjustments.currency_code is not null and adjustments.approved_on is not null "
        "and rates.rate_date is null group by adjustments.currency_code",
        "currencies of adjustments without an exchange rate on the day of approval; where the deal "
        "has none either, the adjustment does not count",
        "land the missing rates in fx_rates, or raise max_rate_age_days in company.yml",
    )


def _hiring_checks() -> Iterator[Check]:
    table = f"{_STAGING}.stg_hr__applications"
    requisitions = "warehouse.staging.stg_hr__requisitions"
    yield _warning(
        table,
        "applications_have_an_opening",
        f"select application_status, count(*) as applications from {BATCH} as applications "
        f"left join {requisitions} as requisitions using (requisition_id) "
        f"where requisitions.requisition_id is null and exists (select * from {requisitions}) "
        "group by application_status",
        "statuses of applications without an opening that is known; they count for no team",
        "name the opening in the applicant tracking system, or land it in requisitions",
    )
    yield _warning(
        table,
        "hires_are_workers",
        "select case when applications.worker_id is null then 'named' else 'known' end "
        f"as worker_is_not, count(*) as applications from {BATCH} as applications "
        "left join warehouse.staging.stg_hr__workers as workers using (worker_id) "
        "where application_status = 'hired' and workers.worker_id is null group by all",
        "ways in which applications that ended in a hire lead to no worker",
        "name the worker in the application, or land the worker in workers",
    )
    yield _warning(
        table,
        "hires_have_a_day",
        f"select application_status, count(*) as applications from {BATCH} "
        "where application_status = 'hired' and decided_on is null and application_id not in "
        "(select application_id from warehouse.staging.stg_hr__offers "
        "where offer_status = 'accepted') group by application_status",
        "statuses of applications that ended in a hire on no day; they are missing in hires and "
        "in the time to hire",
        "enter the day of the decision, or land the accepted offer in offers",
    )


def _training_checks() -> Iterator[Check]:
    table = f"{_STAGING}.stg_hr__training_enrolments"
    yield _warning(
        table,
        "courses_are_known",
        f"select course_id, count(*) as enrolments from {BATCH} where course_id not in "
        "(select course_id from warehouse.staging.stg_hr__training_courses) group by course_id",
        "courses that people are enrolled in and that no extract has; whether they are onboarding "
        "and how long they take is not known",
        "add the course to the extract of training_courses",
    )
    yield _warning(
        table,
        "completed_on_a_day",
        f"select enrolment_status, count(*) as enrolments from {BATCH} "
        "where enrolment_status in ('completed', 'passed') and completed_on is null "
        "group by enrolment_status",
        "statuses of enrolments that were completed on no day; nothing can be compared before "
        "and after them",
        "enter the day of completion in HR",
    )
    yield _warning(
        table,
        "exchange_rate_known",
        f"select enrolments.currency_code, count(*) as enrolments from {BATCH} as enrolments "
        "left join warehouse.intermediate.int_fx_rates_daily as rates "
        "on enrolments.currency_code = rates.currency_code "
        "and coalesce(enrolments.started_on, enrolments.completed_on) = rates.rate_date "
        "where training_cost is not null and enrolments.currency_code is not null "
        "and rates.rate_date is null group by enrolments.currency_code",
        "currencies of training costs without an exchange rate on the first day",
        "land the missing rates in fx_rates, or raise max_rate_age_days in company.yml",
    )


def _branch_checks() -> Iterator[Check]:
    yield _warning(
        f"{_STAGING}.stg_company__branch_days",
        "branches_are_known",
        f"select distinct branch_id from {BATCH} where branch_id not in "
        "(select branch_id from warehouse.core.dim_branch)",
        "branches with days off of their own in company.yml that no source names, so that these "
        "days change nothing",
        "write in company.yml the id that the CRM or HR has for the branch",
    )
