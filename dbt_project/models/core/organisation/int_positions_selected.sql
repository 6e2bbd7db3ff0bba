{{ config(materialized='view') }}

with

    -- A job with an id of its own ends where its next position begins. Of the others, a second job
    -- ends no main one: each ends where the next of its kind begins.
    known_positions as (

        select
            *,
            {{ effective_to_date(
                'worker_id, own_job_id, case when own_job_id is null then is_main end'
            ) }} as ends_by_date

        from
            (
                select *, nullif(job_id, '') as own_job_id, coalesce(is_primary, true) as is_main

                from {{ ref('stg_hr__positions') }}
            ) as positions

    ),

    held_positions as (

        select
            *,
            -- What changes within a job does not make it the later one of two.
            case
                when own_job_id is null
                then effective_from
                else min(effective_from) over (partition by worker_id, own_job_id)
            end as job_from_date

        from known_positions
        where effective_from < ends_by_date

    ),

    moments as (

        select worker_id, effective_from as moment

        from held_positions

        union distinct

        select worker_id, ends_by_date as moment

        from held_positions

    ),

    spans as (

        select
            worker_id,
            moment as span_from_date,
            lead(moment) over (partition by worker_id order by moment) as span_to_date

        from moments

    ),

    ranked_positions as (

        select
            spans.span_from_date,
            spans.span_to_date,
            held.*,
            row_number() over (
                partition by spans.worker_id, spans.span_from_date
                order by
                    case when held.is_main then 1 else 2 end,
                    case when held.is_sales then 1 when held.is_sales is null then 2 else 3 end,
                    held.job_from_date desc,
                    coalesce(held.own_job_id, '') desc
            ) as rank

        from spans
        inner join
            held_positions as held
            on spans.worker_id = held.worker_id
            and spans.span_from_date >= held.effective_from
            and spans.span_from_date < held.ends_by_date

    ),

    -- Jobs without an id are one job to HR, which counts where it decides.
    counted_positions as (

        select
            *,
            {%- for name, condition in [
                ('held_fte', 'true'),
                ('sales_fte', 'is_sales'),
                ('unsaid_fte', 'is_sales is null'),
            ] %}
                cast(
                    sum(
                        case
                            when (rank = 1 or own_job_id is not null) and {{ condition }}
                            then coalesce(fte, 1)
                            else 0
                        end
                    ) over (partition by worker_id, span_from_date) as decimal(9, 6)
                ) as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}

        from ranked_positions

    ),

    -- Another job that begins or ends beside the one that decides splits it only where FTE changes.
    deciding_positions as (

        select
            *,
            coalesce(
                lag(span_to_date) over (partition by worker_id order by span_from_date)
                = span_from_date
                and lag(effective_from) over (partition by worker_id order by span_from_date)
                = effective_from
                and coalesce(
                    lag(own_job_id) over (partition by worker_id order by span_from_date), ''
                )
                = coalesce(own_job_id, '')
                {%- for name in ['held_fte', 'sales_fte', 'unsaid_fte'] %}
                    and lag({{ name }}) over (partition by worker_id order by span_from_date)
                    = {{ name }}
                {%- endfor %},
                false
            ) as is_continued

        from counted_positions
        where rank = 1

    ),

    numbered_positions as (

        select
            *,
            sum(case when is_continued then 0 else 1 end) over (
                partition by worker_id order by span_from_date
            ) as position_number

        from deciding_positions

    ),

    selected_positions as (

        select
            *, max(span_to_date) over (partition by worker_id, position_number) as decides_to_date

        from numbered_positions

    )

select
    worker_id,
    span_from_date as effective_from,
    decides_to_date as ends_by_date,
    job_title,
    job_family,
    manager_worker_id,
    branch_id,
    team_id,
    territory_id,
    held_fte as fte,
    sales_fte,
    unsaid_fte,
    is_sales,
    is_main,
    cast(position_number as bigint) as position_number,
    lag(decides_to_date) over (
        partition by worker_id order by span_from_date
    ) as previous_ends_by_date,
    is_main
    and row_number() over (partition by worker_id, is_main order by span_from_date)
    = 1 as is_first_main

from selected_positions
where not is_continued
