{#- Deep enough for any company; who is further up does not count for those below. -#}
{%- set levels = range(1, 9) -%}
with

    numbered_versions as (

        select
            sales_rep_id,
            manager_id,
            valid_from_date,
            lag(manager_id) over versions_of_rep as previous_manager_id,
            row_number() over versions_of_rep as version_number

        from {{ ref('dim_sales_rep') }}
        where valid_from_date < valid_to_date
        window versions_of_rep as (partition by sales_rep_id order by valid_from_date)

    ),

    reports as (

        select
            sales_rep_id,
            manager_id,
            valid_from_date,
            coalesce(
                lead(valid_from_date) over (partition by sales_rep_id order by valid_from_date),
                {{ open_end_date() }}
            ) as valid_to_date

        from numbered_versions
        where version_number = 1 or manager_id is distinct from previous_manager_id

    ),

    -- The way up from each rep, for as long as nobody on it changes manager. It ends where nobody
    -- is named, or nobody who is known, and where a ring of managers would begin anew.
    chains as (

        select
            reports.sales_rep_id,
            {%- for level in levels %}
                above_{{ level }}.sales_rep_id as manager_{{ level }},
            {%- endfor %}
            greatest(
                reports.valid_from_date
                {%- for level in levels %}, above_{{ level }}.valid_from_date {%- endfor %}
            ) as valid_from_date,
            least(
                reports.valid_to_date
                {%- for level in levels %}, above_{{ level }}.valid_to_date {%- endfor %}
            ) as valid_to_date

        from reports
        {%- for level in levels %}
                {%- set below = ['reports'] %}
                {%- for lower in range(1, level) %}
                    {% do below.append('above_' ~ lower) %}
                {% endfor %}
            left join
                reports as above_{{ level }}
                on {{ below[-1] }}.manager_id = above_{{ level }}.sales_rep_id
                {%- for lower in below %}
                    and {{ lower }}.sales_rep_id <> above_{{ level }}.sales_rep_id
                    and {{ lower }}.valid_from_date < above_{{ level }}.valid_to_date
                    and {{ lower }}.valid_to_date > above_{{ level }}.valid_from_date
                {%- endfor %}
        {%- endfor %}

    ),

    managers_above as (

        {%- for level in levels %}
            select
                sales_rep_id,
                manager_{{ level }} as manager_id,
                {{ level }} as levels_above,
                valid_from_date,
                valid_to_date

            from chains {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    -- Of everybody, the days with somebody below, and before all others a beginning without a day.
    days_with_reports as (

        select manager_id as sales_rep_id, valid_from_date, valid_to_date

        from managers_above
        where levels_above = 1 and manager_id is not null

        union all

        select
            sales_rep_id,
            {{ open_start_date() }} as valid_from_date,
            {{ open_start_date() }} as valid_to_date

        from reports
        group by sales_rep_id

    ),

    marked_days as (

        select
            *,
            case
                when
                    valid_from_date <= max(valid_to_date) over (
                        partition by sales_rep_id
                        order by valid_from_date, valid_to_date
                        rows between unbounded preceding and 1 preceding
                    )
                then 0
                else 1
            end as begins_span

        from days_with_reports

    ),

    numbered_days as (

        select
            *,
            sum(begins_span) over (
                partition by sales_rep_id
                order by valid_from_date, valid_to_date
                rows between unbounded preceding and current row
            ) as span_number

        from marked_days

    ),

    spans_with_reports as (

        select
            sales_rep_id,
            min(valid_from_date) as valid_from_date,
            max(valid_to_date) as valid_to_date,
            coalesce(
                lead(min(valid_from_date)) over (
                    partition by sales_rep_id order by min(valid_from_date)
                ),
                {{ open_end_date() }}
            ) as next_valid_from_date

        from numbered_days
        group by sales_rep_id, span_number

    ),

    counted_managers as (

        select sales_rep_id, manager_id, levels_above, valid_from_date, valid_to_date

        from managers_above
        where manager_id is not null

        union all

        select
            sales_rep_id,
            sales_rep_id as manager_id,
            0 as levels_above,
            valid_from_date,
            valid_to_date

        from spans_with_reports

        union all

        -- Whoever has nobody above and nobody below counts for no manager.
        select
            chains.sales_rep_id,
            'unknown' as manager_id,
            cast(null as int) as levels_above,
            greatest(chains.valid_from_date, spans.valid_to_date) as valid_from_date,
            least(chains.valid_to_date, spans.next_valid_from_date) as valid_to_date

        from chains
        inner join spans_with_reports as spans on chains.sales_rep_id = spans.sales_rep_id
        where chains.manager_1 is null

    )

select sales_rep_id, manager_id, levels_above, valid_from_date, valid_to_date

from counted_managers
where valid_from_date < valid_to_date
