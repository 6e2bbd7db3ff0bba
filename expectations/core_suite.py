"""The core gate's checks: the star schema reconciles with raw.

Belongs here: what could be lost, doubled or made up between raw and core, and what would make money
wrong. Does not belong here: the inside of the models, which dbt tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from expectations.checks import AS_OF, BATCH, Check
from expectations.people_suite import people_checks
from ingestion.contracts.tables import Contracts, Table

_CORE = "core"
_DEFECT = "this is a defect of the models, not of the extracts; report it with these ids"
_LAND_RATES = "land the missing rates in fx_rates, or raise max_rate_age_days in company.yml"
_OPEN_WITH_AMOUNT = (
    f"(select * from {BATCH} where amount <> 0 and not is_closed and not is_excluded "
    "and valid_from_date < valid_to_date)"
)

# Which dimension, or fact of the same grain, must hold every living key of a contract table.
_DIMENSIONS = {
    "users": ("dim_sales_rep", "sales_rep_id"),
    "accounts": ("dim_account", "account_id"),
    "teams": ("dim_team", "team_id"),
    "branches": ("dim_branch", "branch_id"),
    "territories": ("dim_territory", "territory_id"),
    "products": ("dim_product", "product_id"),
    "stages": ("dim_stage", "stage_id"),
    "activities": ("fct_activity", "activity_id"),
}


def core_checks(contracts: Contracts) -> tuple[Check, ...]:
    """Gives the checks of facts and dimensions against raw."""
    crm = contracts.tables("crm")
    return (
        *_opportunity_checks(),
        *_history_checks(),
        *_rate_checks(),
        _quota_check(),
        *_activity_checks(),
        _lag_check(),
        *people_checks(),
        *(_dimension_check(table) for table in crm if table.name in _DIMENSIONS),
        *(check for table in contracts for check in _identity_checks(table)),
    )


def _opportunity_checks() -> Iterator[Check]:
    for fact in ("fct_opportunity", "fct_opportunity_version"):
        yield Check(
            _CORE,
            fact,
            "no_deal_lost",
            "select distinct opportunity_id from raw.crm.opportunities where _op = 'upsert' "
            f"and opportunity_id not in (select opportunity_id from {BATCH})",
            "deals of raw that are missing here",
            _DEFECT,
        )
        yield Check(
            _CORE,
            fact,
            "no_deal_made_up",
            f"select distinct opportunity_id from {BATCH} where opportunity_id not in "
            "(select opportunity_id from raw.crm.opportunities)",
            "deals that raw does not know",
            _DEFECT,
        )
    yield Check(
        _CORE,
        "fct_opportunity",
        "one_last_episode_per_deal",
        f"select opportunity_id, count(*) as last_episodes from {BATCH} where is_last_episode "
        "group by opportunity_id having count(*) > 1",
        "deals that count more than once",
        _DEFECT,
    )
    yield Check(
        _CORE,
        "fct_opportunity",
        "amounts_as_in_raw",
        f"""
        with newest as (
            select opportunity_id, arg_max(_op, _extract_id) as op,
                   arg_max(coalesce(cast(amount as varchar), ''), _extract_id) as amount
            from raw.crm.opportunities
            group by opportunity_id
        )
        select fact.opportunity_id
        from {BATCH} as fact
        inner join newest on fact.opportunity_id = newest.opportunity_id
        where fact.is_last_episode and fact.amount_source = 'crm'
          and not fact.has_amount_from_before_closing and newest.op = 'upsert'
          and coalesce(cast(fact.amount as varchar), '') <> newest.amount
        """,
        "deals whose amount is not the one that the CRM sent last",
        _DEFECT,
    )
    yield Check(
        _CORE,
        "fct_opportunity",
        "closed_after_creation",
        f"select opportunity_id, created_date, closed_date from {BATCH} "
        "where has_close_before_creation and not is_excluded and is_last_episode",
        "deals closed before they were created; they count as decided but enter no cycle average",
        "correct their dates in the CRM",
        severity="warn",
    )
    yield Check(
        _CORE,
        "fct_opportunity",
        "closed_by_now",
        f"select opportunity_id, closed_date from {BATCH} where closed_date > {AS_OF} "
        "and not is_excluded and is_last_episode",
        "decided deals whose closing day lies ahead; they count in the period of that day",
        "correct the closing day in the CRM; where files carry the date of the evening on which "
        "they are written, say so with extracted_at in the mapping",
        severity="warn",
    )
    yield Check(
        "crm",
        "opportunities",
        "merges_end",
        f"""
        with recursive newest as (
            select opportunity_id, arg_max(_op, _extract_id) as op,
                   arg_max(coalesce(merged_into_id, ''), _extract_id) as merged_into_id
            from raw.crm.opportunities
            where opportunity_id in (
                select opportunity_id from raw.crm.opportunities where merged_into_id is not null
            )
            group by opportunity_id
        ),
        merges as (
            select opportunity_id, merged_into_id from newest
            where op = 'upsert' and merged_into_id not in ('', opportunity_id)
        ),
        followed(opportunity_id, survivor_id) as (
            select opportunity_id, merged_into_id from merges
            union
            select followed.opportunity_id, merges.merged_into_id
            from followed
            inner join merges on followed.survivor_id = merges.opportunity_id
        )
        select opportunity_id from followed
        where opportunity_id = survivor_id
          and opportunity_id in (select opportunity_id from {BATCH})
        """,
        "deals that were merged into each other in a ring; none of them counts",
        "take the mark of being merged off the deal that is to stay",
        severity="warn",
    )


def _history_checks() -> Iterator[Check]:
    yield Check(
        _CORE,
        "fct_opportunity_version",
        "history_tells_what_extracts_show",
        f"""
        with told as (
            select opportunity_id, min(valid_from) as told_since
            from {BATCH}
            where known_by in ('field_history', 'stage_history')
            group by opportunity_id
        )
        select versions.opportunity_id, min(versions.valid_from) as first_untold_change,
               count(*) as changes
        from {BATCH} as versions
        inner join told on versions.opportunity_id = told.opportunity_id
        where versions.known_by = 'extract' and not versions.is_excluded
          and versions.valid_from > told.told_since
        group by versions.opportunity_id
        """,
        "deals that an extract showed otherwise than their history tells; the extract holds from "
        "its time on",
        "have the CRM track the fields that are missing, or export the history completely",
        severity="warn",
    )
    yield Check(
        _CORE,
        "fct_opportunity_version",
        "changes_recorded_in_time",
        f"select opportunity_id, min(valid_from) as first_late_change, count(*) as changes "
        f"from {BATCH} where is_recorded_late group by opportunity_id",
        "deals with changes that an extract had already spoken for without telling them; answers "
        "about these days have changed",
        "export the history together with the deals",
        severity="warn",
    )
    for fact, key, noun in (
        ("fct_quota", "quota_id", "targets"),
        ("fct_forecast_submission", "submission_id", "forecast submissions"),
    ):
        yield Check(
            _CORE,
            fact,
            "nothing_left_out",
            f"select {key}, member_id, period_start, currency_code, problem from {BATCH} "
            "where problem is not null",
            f"{noun} with a problem: of those of an overlap or of one second only the last counts, "
            "others do not count",
            "correct them in the source, or land the missing rates in fx_rates",
            severity="warn",
        )


def _quota_check() -> Check:
    reps = "warehouse.core.dim_sales_rep"
    return Check(
        _CORE,
        "fct_quota",
        "managers_do_not_double_their_reps",
        "with targets as (select member_id, period_grain, period_start, "
        f"sum(quota_value) as target from {BATCH} where level = 'rep' and is_in_force "
        "and quota_kind = 'full' group by member_id, period_grain, period_start), "
        "below as (select reps.manager_id, period_grain, period_start, sum(target) as target "
        f"from targets inner join {reps} as reps on member_id = reps.sales_rep_id "
        "and period_start >= reps.valid_from_date and period_start < reps.valid_to_date "
        "where reps.manager_id is not null and reps.manager_id <> member_id "
        "group by reps.manager_id, period_grain, period_start) "
        "select targets.member_id, min(targets.period_start) as first_period, "
        "count(*) as periods from targets inner join below on targets.member_id = below.manager_id "
        "and targets.period_grain = below.period_grain "
        "and targets.period_start = below.period_start "
        "where below.target > 0 "
        "and targets.target between below.target * 0.9 and below.target * 1.1 "
        "group by targets.member_id",
        "managers whose targets look like those of their reps added up; team and company count "
        "both",
        "where a target rolls up those below, have the mapping give it the quota_kind roll_up",
        severity="warn",
    )


def _activity_checks() -> Iterator[Check]:
    yield Check(
        _CORE,
        "fct_activity",
        "owners_known",
        f"select activity_type, count(*) as activities from {BATCH} "
        "where is_counted_as_time and sales_rep_id = 'unknown' group by activity_type",
        "types of activities of which some belong to no user; their hours count nowhere",
        "land the users who own them, and check how the mapping names owners",
        severity="warn",
    )


def _rate_checks() -> Iterator[Check]:
    days = {
        "fct_opportunity": "coalesce(closed_date, opened_date)",
        "fct_opportunity_version": "valid_from_date",
    }
    for fact, day in days.items():
        yield Check(
            _CORE,
            fact,
            "exchange_rate_known",
            f"select currency_code, min({day}) as first_day, max({day}) as last_day, "
            f"count(distinct opportunity_id) as deals from {BATCH} "
            "where amount is not null and exchange_rate is null and not is_excluded "
            "group by currency_code",
            "currencies without an exchange rate on a day that needs one",
            _LAND_RATES,
        )
    # An open deal is worth what it is at the rate of each day. Where a day has no recent rate it
    # stands at the last one known; before a currency's first rate it would be worth nothing.
    yield Check(
        _CORE,
        "fct_opportunity_version",
        "exchange_rate_known_once",
        _days_open_without("int_fx_rates_held"),
        "currencies in which deals were open before their first exchange rate; nobody can say what "
        "these were worth",
        _LAND_RATES,
    )
    yield Check(
        _CORE,
        "fct_opportunity_version",
        "exchange_rate_known_every_day",
        _days_open_without("int_fx_rates_daily"),
        "currencies without a recent exchange rate on days on which deals in them were open, which "
        "stand at the last rate known",
        _LAND_RATES,
        severity="warn",
    )


def _days_open_without(rates: str) -> str:
    """Gives the query of currencies with days on which deals in them were open and had no rate.

    Args:
        rates: The model of rates by day that must have these days.
    """
    return f"""
        with changes as (
            select currency_code, valid_from_date as day, 1 as deals from {_OPEN_WITH_AMOUNT}
            union all
            select currency_code, valid_to_date as day, -1 as deals from {_OPEN_WITH_AMOUNT}
        ),
        counts as (
            select currency_code, day, sum(sum(deals)) over currency as deals,
                lead(day) over currency as next_day
            from changes where day <= {AS_OF} group by currency_code, day
            window currency as (partition by currency_code order by day)
        ),
        days as (
            select currency_code, deals, unnest(generate_series(
                day, coalesce(next_day, {AS_OF} + 1) - 1, interval 1 day
            ))::date as day
            from counts where deals > 0
        )
        select currency_code, min(day) as first_day, max(day) as last_day, count(*) as days,
            max(deals) as deals
        from days anti join warehouse.intermediate.{rates} as rates
            on days.currency_code = rates.currency_code and days.day = rates.rate_date
        group by currency_code
        """


def _lag_check() -> Check:
    settings = "warehouse.staging.stg_company__settings"
    return Check(
        "staging",
        "stg_landing__extracts",
        "sources_are_of_one_time",
        "with newest as (select source, cast(max(extracted_at) as date) as newest_day "
        f"from {BATCH} group by source), "
        "lags as (select source, newest_day, "
        "date_diff('day', newest_day, max(newest_day) over ()) as lag_days from newest) "
        f"select source, newest_day, lag_days from lags "
        f"where lag_days > (select max_lag_days from {settings})",
        "sources whose newest extract is much older than another's; numbers that need both stand "
        "still",
        "look why its extracts stopped, or raise max_lag_days in company.yml where they come less "
        "often",
        severity="warn",
    )


def _dimension_check(table: Table) -> Check:
    dimension, dimension_key = _DIMENSIONS[table.name]
    (key,) = table.key
    return Check(
        _CORE,
        dimension,
        "no_key_lost",
        f"select {key} from (select {key}, arg_max(_op, _extract_id) as op "
        f"from raw.{table.source}.{table.name} group by {key}) where op = 'upsert' "
        f"and {key} not in (select {dimension_key} from {BATCH})",
        f"{table.name} of raw that are missing here",
        _DEFECT,
    )


def _identity_checks(table: Table) -> Iterator[Check]:
    """Models join on natural ids, so no id may come from two source systems."""
    if any(not table.column(name).is_prefixed_id for name in table.key):
        return
    keys = ", ".join(table.key)
    # Ids that landed are compared with all that ever did: the other system may have come before.
    whole = f"raw.{table.source}.{table.name}"
    yield Check(
        table.source,
        table.name,
        "ids_of_one_source_system",
        f"select {keys}, min(_source_system) as one_system, max(_source_system) as other_system "
        f"from {whole} where ({keys}) in (select {keys} from {BATCH}) "
        f"group by {keys} having min(_source_system) <> max(_source_system)",
        "ids that come from two source systems",
        "set id_prefix in the mapping of one of the systems",
    )
