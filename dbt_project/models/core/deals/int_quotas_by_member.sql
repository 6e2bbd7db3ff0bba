with

    -- What holds for a member in a period that somebody set targets for: the lowered target of a
    -- new hire, else the full one.
    set_quotas as (

        select
            level,
            member_id,
            period_grain,
            period_start,
            period_end,
            sum(case when quota_kind = 'full' then quota_value end) as full_quota_value,
            sum(case when quota_kind = 'ramped' then quota_value end) as ramped_quota_value

        from {{ ref('fct_quota') }}
        where is_in_force and level <> 'manager'
        group by level, member_id, period_grain, period_start, period_end

    ),

    own_quotas as (

        select *, coalesce(ramped_quota_value, full_quota_value) as quota_value from set_quotas

    ),

    -- Those above a rep have the targets of the reps who were theirs when the period began, unless
    -- they have their own.
    rep_quotas as (

        select
            quotas.*,
            {{ or_unknown('reps.team_id') }} as team_id,
            {{ or_unknown('reps.branch_id') }} as branch_id,
            {{ or_unknown('reps.territory_id') }} as territory_id

        from own_quotas as quotas
        left join
            {{ ref('dim_sales_rep') }} as reps
            on quotas.member_id = reps.sales_rep_id
            and quotas.period_start >= reps.valid_from_date
            and quotas.period_start < reps.valid_to_date
        where quotas.level = 'rep'

    ),

    offered_quotas as (

        select
            level,
            member_id,
            period_grain,
            period_start,
            period_end,
            1 as preference,
            'own' as quota_source,
            full_quota_value,
            ramped_quota_value,
            quota_value

        from own_quotas

        {% for level, column in {
        'team': 'team_id', 'branch': 'branch_id', 'territory': 'territory_id', 'company': none,
    }.items() -%}
            union all

            select
                '{{ level }}' as level,
                {{ column or "'all'" }} as member_id,
                period_grain,
                period_start,
                period_end,
                2 as preference,
                'reps' as quota_source,
                sum(full_quota_value) as full_quota_value,
                sum(ramped_quota_value) as ramped_quota_value,
                sum(quota_value) as quota_value

            from rep_quotas
            group by {% if column %} {{ column }},{% endif %} period_grain, period_start, period_end

        {% endfor -%}
        union all

        select
            'company' as level,
            'all' as member_id,
            period_grain,
            period_start,
            period_end,
            3 as preference,
            'teams' as quota_source,
            sum(full_quota_value) as full_quota_value,
            sum(ramped_quota_value) as ramped_quota_value,
            sum(quota_value) as quota_value

        from own_quotas
        where level = 'team'
        group by period_grain, period_start, period_end

    ),

    ranked_quotas as (

        select
            *,
            row_number() over (
                partition by level, member_id, period_grain, period_start order by preference
            ) as rank

        from offered_quotas

    )

select
    level,
    member_id,
    period_grain,
    period_start,
    period_end,
    quota_source,
    full_quota_value,
    ramped_quota_value,
    quota_value

from ranked_quotas
where rank = 1
