with

    -- Those above a rep have the targets of the reps who were theirs when the period began.
    rep_quotas as (

        select
            quotas.*,
            {{ or_unknown('reps.team_id') }} as team_id,
            {{ or_unknown('reps.branch_id') }} as branch_id,
            {{ or_unknown('reps.territory_id') }} as territory_id

        from {{ ref('int_quotas_set') }} as quotas
        left join
            {{ ref('dim_sales_rep') }} as reps
            on quotas.member_id = reps.sales_rep_id
            and quotas.period_start >= reps.valid_from_date
            and quotas.period_start < reps.valid_to_date
        where quotas.level = 'rep'

    ),

    -- A team whose reps have none at the time counts for the company with its own. One whose reps
    -- have some would count twice.
    team_quotas as (

        select quotas.*

        from {{ ref('int_quotas_set') }} as quotas
        left join
            rep_quotas
            on quotas.member_id = rep_quotas.team_id
            and quotas.period_start <= rep_quotas.period_end
            and quotas.period_end >= rep_quotas.period_start
        where quotas.level = 'team' and rep_quotas.team_id is null

    ),

    manager_quotas as (

        select rep_quotas.*, managers.manager_id

        from rep_quotas
        inner join
            {{ ref('bridge_sales_rep_manager') }} as managers
            on rep_quotas.member_id = managers.sales_rep_id
            and rep_quotas.period_start >= managers.valid_from_date
            and rep_quotas.period_start < managers.valid_to_date

    ),

    contributions as (

        {% for level, column in {
        'team': 'team_id', 'branch': 'branch_id', 'territory': 'territory_id',
        'manager': 'manager_id', 'company': none,
    }.items() -%}
            select
                '{{ level }}' as level,
                {{ column or "'all'" }} as member_id,
                'reps' as quota_source,
                member_id as contributor_id,
                period_grain,
                period_start,
                period_end,
                full_quota_value,
                ramped_quota_value,
                quota_value

            from {{ 'manager_quotas' if level == 'manager' else 'rep_quotas' }}

            union all

        {% endfor -%}
        select
            'company' as level,
            'all' as member_id,
            'teams' as quota_source,
            member_id as contributor_id,
            period_grain,
            period_start,
            period_end,
            full_quota_value,
            ramped_quota_value,
            quota_value

        from team_quotas

    ),

    periods_of_members as (

        select distinct level, member_id, period_grain, period_start, period_end from contributions

    ),

    -- Some have targets by quarter and some by month: who has none of the quarter counts in it with
    -- those of the months. The others' months are part of their quarter and would count twice.
    added_quotas as (

        select
            periods.level,
            periods.member_id,
            periods.period_grain,
            periods.period_start,
            periods.period_end,
            case
                when min(parts.quota_source) = max(parts.quota_source)
                then min(parts.quota_source)
                else 'mixed'
            end as quota_source,
            sum(parts.full_quota_value) as full_quota_value,
            sum(parts.ramped_quota_value) as ramped_quota_value,
            sum(parts.quota_value) as quota_value

        from periods_of_members as periods
        inner join
            contributions as parts
            on periods.level = parts.level
            and periods.member_id = parts.member_id
            and periods.period_start <= parts.period_start
            and periods.period_end >= parts.period_end
        left join
            {{ ref('int_quotas_set') }} as longer
            on case when parts.quota_source = 'reps' then 'rep' else 'team' end = longer.level
            and parts.contributor_id = longer.member_id
            and parts.period_grain <> longer.period_grain
            and parts.period_start >= longer.period_start
            and parts.period_end <= longer.period_end
            and periods.period_start <= longer.period_start
            and periods.period_end >= longer.period_end
        where longer.member_id is null
        group by
            periods.level,
            periods.member_id,
            periods.period_grain,
            periods.period_start,
            periods.period_end

    ),

    -- Unless they have targets of their own.
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

        from {{ ref('int_quotas_set') }}

        union all

        select
            level,
            member_id,
            period_grain,
            period_start,
            period_end,
            2 as preference,
            quota_source,
            full_quota_value,
            ramped_quota_value,
            quota_value

        from added_quotas

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
