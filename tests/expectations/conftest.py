"""A small home whose three layers are sound, for tests that break one thing at a time."""

import shutil
from pathlib import Path

import duckdb
import pytest
from gate_home import change

from expectations import gates
from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.raw_ddl import create_table_sql
from ingestion.contracts.system_tables import BRANCH_DAYS, DEAL_SIZE_BANDS, SYSTEM_TABLES
from ingestion.contracts.tables import Table
from ingestion.home import Home

RAW = """
insert into landing.extracts
    select 'e1', 'crm_one', 'crm', t, 'full', timestamp '2026-01-02', timestamp '2026-01-02', 'f', true,
        null
    from (values ('users'), ('activities'), ('opportunities'), ('products'), ('fx_rates'), ('stages'))
        as v(t);
insert into landing.files by name
    select 'r1' as run_id, 'crm_one' as source_system, 'crm' as source, 'users' as table_name,
        'm' as mapping_name, 'users.csv' as file_name, 'e1' as extract_id, now() as landed_at,
        'landed' as status, 3 as records, 1 as accepted, 1 as quarantined, 1 as unchanged,
        0 as duplicates, 0 as deleted;
insert into crm.users by name
    select 'u1' as user_id, 'Ada' as user_name, 'canary@example.test' as email,
        'crm_one' as _source_system, 'e1' as _extract_id, timestamp '2026-01-02' as _extracted_at,
        timestamp '2026-01-02' as _loaded_at, 'h' as _row_hash, 'upsert' as _op;
insert into crm.activities by name
    select 'c1' as activity_id, 'call' as activity_type,
        'crm_one' as _source_system, 'e1' as _extract_id, timestamp '2026-01-02' as _extracted_at,
        timestamp '2026-01-02' as _loaded_at, 'h' as _row_hash, 'upsert' as _op;
insert into crm.opportunities by name
    select id as opportunity_id, 'u1' as owner_id, stage as stage_id, amount, 'EUR' as currency_code,
        'crm_one' as _source_system, 'e1' as _extract_id, timestamp '2026-01-02' as _extracted_at,
        timestamp '2026-01-02' as _loaded_at, 'h' as _row_hash, 'upsert' as _op
    from (values ('d1', 'won', 10.00), ('d2', 'lost', 5.00), ('d3', 'open', 7.50))
        as v(id, stage, amount);
insert into crm.stages by name
    select id as stage_id, id as stage_name, 1 as stage_order, id <> 'open' as is_closed,
        id = 'won' as is_won, 0.5 as probability,
        'crm_one' as _source_system, 'e1' as _extract_id, timestamp '2026-01-02' as _extracted_at,
        timestamp '2026-01-02' as _loaded_at, 'h' as _row_hash, 'upsert' as _op
    from (values ('won'), ('lost'), ('open')) as v(id);
"""

WAREHOUSE = """
create schema core; create schema intermediate; create schema staging;
create schema marts.marts; create schema restricted.restricted;
create table intermediate.int_fx_rates_daily (currency_code varchar, rate_date date);
create table intermediate.int_time_entries_not_counted (problem varchar);
create table intermediate.int_lead_problems (problem varchar);
create table intermediate.int_campaign_problems (problem varchar);
create table intermediate.int_employments (person_id varchar, valid_to_date date);
create table restricted.restricted.fct_payroll_line (
    pay_line_id varchar, pay_run_id varchar, person_id varchar, employee_id varchar,
    earning_code varchar, earning_class varchar, currency_code varchar,
    pay_amount decimal(22, 6), pay_period_start date, problem varchar);
create table staging.stg_company__calendar (date_day date, month_start date);
create table staging.stg_company__settings as
    select 'EUR' as reporting_currency, 7 as max_lag_days;
create table staging.stg_landing__extracts as
    select source, extracted_at from (values ('crm', timestamp '2026-01-02 05:00:00'),
        ('crm', timestamp '2025-06-01 05:00:00'), ('hr', timestamp '2025-12-26 23:00:00'))
        as v(source, extracted_at);
create table staging.stg_crm__teams_history as select 't1' as team_id, true as is_current;
create table staging.stg_crm__branches_history as select 'b1' as branch_id, true as is_current;
create table restricted.restricted.fct_credit (
    opportunity_id varchar, won_date date, person_id varchar, credit_value decimal(22, 6),
    problem varchar);
create table restricted.restricted.fct_commission (
    person_id varchar, plan_id varchar, commission_value decimal(18, 2), problem varchar);
create table core.dim_as_of as select date '2026-01-01' as as_of_date;
create table core.fct_opportunity as
    select id as opportunity_id, true as is_last_episode, 'crm' as amount_source, currency_code,
        amount, cast(2 as decimal(18, 8)) as exchange_rate, cast(2 * amount as decimal(18, 2))
        as opportunity_value, is_closed, is_won, is_closed and not is_won as is_lost,
        false as is_excluded, false as has_close_before_creation,
        false as has_amount_from_before_closing, date '2025-12-01' as created_date,
        date '2025-12-01' as opened_date,
        case when is_closed then date '2025-12-20' end as closed_date
    from (values ('d1', 'EUR', cast(10 as decimal(18, 2)), true, true),
        ('d2', 'EUR', 5, true, false), ('d3', 'EUR', 7.5, false, false))
        as v(id, currency_code, amount, is_closed, is_won);
insert into intermediate.int_fx_rates_daily
    select 'EUR' as currency_code, cast(unnest(generate_series(
        timestamp '2025-12-01', timestamp '2026-01-01', interval 1 day)) as date) as rate_date;
create table core.fct_exchange_rate_held as
    select *, cast(2 as decimal(18, 8)) as exchange_rate from intermediate.int_fx_rates_daily;
create table core.fct_pipeline_span as
    select opportunity_id, currency_code, amount as open_amount, date '2025-12-01' as valid_from_date,
        coalesce(closed_date, date '9999-12-31') as valid_to_date from core.fct_opportunity;
create table core.fct_opportunity_version as
    select opportunity_id, currency_code, amount, exchange_rate, is_closed, is_excluded,
        date '2025-12-01' as valid_from_date, date '9999-12-31' as valid_to_date, timestamp '2025-12-01' as valid_from,
        'field_history' as known_by, false as is_recorded_late from core.fct_opportunity;
create table core.fct_quota as
    select quota_id, 'rep' as level, member_id, 'month' as period_grain,
        date '2025-12-01' as period_start, 'full' as quota_kind, target as quota_value,
        true as is_in_force, 'EUR' as currency_code, cast(null as varchar) as problem
    from (values ('q1', 'u1', 300.0), ('q2', 'u2', 100.0), ('q3', 'u3', 80.0))
        as v(quota_id, member_id, target);
create table core.fct_forecast_submission as
    select 's1' as submission_id, 'u1' as member_id, date '2025-12-01' as period_start,
        'EUR' as currency_code, cast(null as varchar) as problem;
create table core.dim_sales_rep as
    select sales_rep_id, manager_id, date '1900-01-01' as valid_from_date,
        date '9999-12-31' as valid_to_date
    from (values ('u1', 'u1'), ('u2', 'u1'), ('u3', 'u1')) as v(sales_rep_id, manager_id);
create table core.bridge_sales_rep_manager as
    select sales_rep_id, 'u1' as manager_id, levels_above, date '1900-01-01' as valid_from_date,
        date '9999-12-31' as valid_to_date
    from (values ('u1', 0), ('u2', 1), ('u3', 1)) as v(sales_rep_id, levels_above);
create table core.dim_account as select 'a1' as account_id;
create table core.dim_team as select 't1' as team_id;
create table core.dim_branch as select 'b1' as branch_id;
create table core.dim_territory as select 't1' as territory_id;
create table core.dim_product as select 'p1' as product_id;
create table core.fct_activity as
    select 'c1' as activity_id, 'call' as activity_type, 'u1' as sales_rep_id,
        true as is_counted_as_time;
create table core.dim_stage as select unnest(['won', 'lost', 'open']) as stage_id;

create table marts.marts.mart_conversion as
    select 'restated' as basis, 'month' as period_grain, date '2025-12-01' as period_start, level,
        member_id, 1 as won_deals, 1 as lost_deals, cast(0.5 as double) as conversion_rate,
        cast(20 as decimal(18, 2)) as won_value, cast(10 as decimal(18, 2)) as lost_value,
        cast(20 as double) / 30 as value_conversion_rate
    from (values ('company', 'all'), ('rep', 'u1')) as v(level, member_id);
create table marts.marts.mart_sales_cycle as
    select basis, period_grain, period_start, level, member_id, won_deals, lost_deals,
        cast(19 as double) as mean_cycle_days, cast(19 as double) as median_cycle_days, cast(19 as double) as p90_cycle_days,
        cast(19 as double) as mean_active_days, cast(19 as double) as mean_lost_cycle_days, cast(19 as double) as median_lost_cycle_days,
        1 as timed_won_deals, 1 as timed_active_deals,
        cast(19 as decimal(18, 6)) as won_cycle_days, cast(19 as decimal(18, 6)) as won_active_days
    from marts.marts.mart_conversion;
create table marts.marts.mart_deal_outcome as
    select basis, period_grain, period_start, level, member_id, 1 as managed_deals,
        cast(15 as decimal(18, 2)) as managed_value, cast(15 as decimal(18, 2))
        as average_managed_value, 0 as undated_deals, 2 as closed_deals, cast(10 as double) as average_deal_outcome, 1 as won_deals,
        20.0 as average_won_value
    from marts.marts.mart_conversion;
create table marts.marts.mart_pipeline_value as
    select date '2026-01-01' as as_of_date, level, member_id, 1 as open_deals,
        cast(15 as decimal(18, 2)) as open_value, cast(null as decimal(18, 2)) as weighted_value,
        0 as overdue_deals, cast(0 as decimal(18, 2)) as overdue_value, 0 as no_amount_deals,
        0 as undated_deals
    from (values ('company', 'all'), ('rep', 'u1')) as v(level, member_id);
create table marts.marts.mart_opportunities as
    select opportunity_id from core.fct_opportunity;
create table marts.marts.mart_data_health as
    select 'company' as level, 'all' as member_id, 'overdue' as fault, 2 as open_deals,
        1 as faulty_deals, cast(0.5 as double) as faulty_share;
create table restricted.restricted.mart_commission_reconciliation as
    select 'p1' as person_id, cast(5 as decimal(18, 2)) as difference_value, 'matched' as status,
        cast(null as varchar) as reason;
create table marts.marts.mart_compensation as
    select 'restated' as basis, 'month' as period_grain, date '2025-12-01' as period_start, level,
        member_id, people, fixed_value, variable_value, employer_cost_value,
        fixed_value + variable_value + employer_cost_value as cost_of_sales,
        cast(1000 as decimal(18, 2)) as won_value, cast(variable_value as double) / 1000
        as effective_commission_rate, suppression_reason is not null as is_suppressed,
        suppression_reason, case when fixed_value is not null then 1000 end as rounded_to
    from (values ('company', 'all', 9, cast(500 as decimal(18, 2)), cast(50 as decimal(18, 2)),
        cast(100 as decimal(18, 2)), null), ('team', 't1', 5, null, 30, null, 'turnover'),
        ('team', 't2', 4, null, null, null, 'too_few_people'))
        as v(level, member_id, people, fixed_value, variable_value, employer_cost_value,
            suppression_reason);
create table marts.marts.metric_catalogue as select 'conversion_rate' as name;
create table marts.marts.metric_values as select 'conversion_rate' as metric;
"""


@pytest.fixture
def pages() -> None:
    """Asked for by tests that look at what a gate renders."""


@pytest.fixture(autouse=True)
def no_pages_that_nobody_looks_at(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rendering takes longer than all checks of a gate."""
    if "pages" not in request.fixturenames:
        monkeypatch.setattr(gates, "_write_page", lambda *_: None)


@pytest.fixture
def sound_home(built_home: Home, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(built_home.root, tmp_path / "home")))


@pytest.fixture(scope="session")
def built_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Made once; each test gets a copy to break."""
    home = Home(tmp_path_factory.mktemp("sound") / "home")
    home.create()
    with duckdb.connect(str(home.raw_db)) as raw:
        for table in (*load_contracts(), *SYSTEM_TABLES):
            raw.execute(f"create schema if not exists {table.source}")
            raw.execute(create_table_sql(table))
        raw.execute(RAW)
    staged = [*(table for table in load_contracts() if table.source != "crm")]
    staged += [BRANCH_DAYS, DEAL_SIZE_BANDS]
    change(home, WAREHOUSE + "".join(_staging_table(table) for table in staged))
    return home


def _staging_table(table: Table) -> str:
    columns = ", ".join(f"{c.name} {c.sql_type}" for c in table.columns)
    return f"create table staging.stg_{table.full_name.replace('.', '__')} ({columns});"
