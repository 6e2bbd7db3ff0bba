{{ config(materialized='view') }}

with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    days_of_pay as (

        select distinct person_id, paid_on, known_by_date from {{ ref('int_pay_amounts_counted') }}

    ),

    positions as (

        select
            positions.*,
            nullif(positions.job_id, '') as own_job_id,
            coalesce(positions.is_primary, true) as is_main,
            {{ extract_date('positions.valid_from', 'settings.time_zone') }} as reported_date,
            case
                when positions.is_current
                then {{ open_end_date() }}
                else {{ extract_date('positions.valid_to', 'settings.time_zone') }}
            end as superseded_date

        from {{ ref('stg_hr__positions_history') }} as positions
        cross join settings
        where
            not positions.is_vanished
            -- One that ends on the day it begins was called off.
            and coalesce(positions.effective_to > positions.effective_from, true)

    ),

    workers as (

        select
            accounts.person_id,
            workers.worker_id,
            {{ extract_date('workers.valid_from', 'settings.time_zone') }} as reported_date

        from {{ ref('stg_hr__workers_history') }} as workers
        cross join settings
        inner join
            {{ ref('bridge_person') }} as accounts
            on accounts.system_name = 'hr'
            and workers.worker_id = accounts.system_person_id
        where workers.version_number = 1

    ),

    -- What HR had reported by the freeze.
    reported_positions as (

        select
            days_of_pay.person_id,
            days_of_pay.paid_on,
            days_of_pay.known_by_date,
            workers.worker_id,
            positions.effective_from,
            positions.branch_id,
            positions.team_id,
            positions.territory_id,
            positions.is_sales,
            positions.own_job_id,
            positions.is_main,
            case
                when positions.own_job_id is null
                then positions.effective_from
                else
                    min(positions.effective_from) over (
                        partition by
                            days_of_pay.person_id,
                            days_of_pay.paid_on,
                            days_of_pay.known_by_date,
                            workers.worker_id,
                            positions.own_job_id
                    )
            end as job_from_date,
            max(case when positions.own_job_id is not null then 1 else 0 end) over (
                partition by
                    days_of_pay.person_id,
                    days_of_pay.paid_on,
                    days_of_pay.known_by_date,
                    workers.worker_id
            )
            = 1 as has_jobs,
            -- Each ends where the next of its job begins, or without an id the next of its kind.
            least(
                coalesce(positions.effective_to, {{ open_end_date() }}),
                coalesce(
                    min(positions.effective_from) over (
                        partition by
                            days_of_pay.person_id,
                            days_of_pay.paid_on,
                            days_of_pay.known_by_date,
                            workers.worker_id,
                            positions.own_job_id,
                            case when positions.own_job_id is null then positions.is_main end
                        order by positions.effective_from
                        rows between 1 following and unbounded following
                    ),
                    {{ open_end_date() }}
                )
            ) as ends_by_date,
            max(
                case
                    when
                        positions.effective_from <= days_of_pay.paid_on
                        and coalesce(positions.effective_to > days_of_pay.paid_on, true)
                    then 1
                    else 0
                end
            ) over (
                partition by days_of_pay.person_id, days_of_pay.paid_on, days_of_pay.known_by_date
            )
            = 1 as has_open_position

        from days_of_pay
        inner join
            workers
            on days_of_pay.person_id = workers.person_id
            and days_of_pay.known_by_date >= workers.reported_date
        left join
            positions
            on workers.worker_id = positions.worker_id
            and days_of_pay.known_by_date >= positions.reported_date
            and days_of_pay.known_by_date < positions.superseded_date

    ),

    -- A second job, or one in another record of HR, decides only where the main one has ended
    -- or not begun, as in dim_employee. The last pay often comes after the last day, and the
    -- first before the first: it counts where somebody was last, or was to be first.
    ranked_positions as (

        select
            person_id,
            paid_on,
            known_by_date,
            branch_id,
            team_id,
            territory_id,
            is_sales,
            row_number() over (
                partition by person_id, paid_on, known_by_date
                order by
                    case
                        when effective_from <= paid_on and (is_main or ends_by_date > paid_on)
                        then 1
                        when effective_from > paid_on
                        then 2
                        when effective_from <= paid_on
                        then 3
                        else 4
                    end,
                    case
                        when effective_from > paid_on
                        then {{ days_between('paid_on', 'effective_from') }}
                        else 0
                    end,
                    case
                        when is_main and not (ends_by_date <= paid_on and has_open_position)
                        then 1
                        when not is_main and ends_by_date > paid_on
                        then 2
                        else 3
                    end,
                    -- Of several jobs at once, those held last, and of these the one that decides.
                    case
                        when has_jobs and ends_by_date <= paid_on
                        then {{ days_between('ends_by_date', 'paid_on') }}
                        else 0
                    end,
                    case
                        when not has_jobs or not is_sales then 3 when is_sales is null then 2 else 1
                    end,
                    case
                        when effective_from <= paid_on
                        then {{ days_between('job_from_date', 'paid_on') }}
                    end,
                    coalesce(own_job_id, '') desc,
                    worker_id
            ) as rank

        from reported_positions

    )

select person_id, paid_on, known_by_date, branch_id, team_id, territory_id, is_sales

from ranked_positions
where rank = 1
