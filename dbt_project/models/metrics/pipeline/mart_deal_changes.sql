select
    changes.changed_date,
    calendar.week_start,
    changes.opportunity_id,
    deals.opportunity_name,
    changes.change_type,
    changes.field_name,
    coalesce(old_names.member_name, changes.old_value) as old_value,
    coalesce(new_names.member_name, changes.new_value) as new_value,
    changes.value_change,
    changes.opportunity_value,
    changes.sales_rep_id,
    owners.member_name as sales_rep_name,
    {{ or_unknown('reps.team_id') }} as team_id,
    teams.member_name as team_name

from {{ ref('fct_deal_change') }} as changes
inner join {{ ref('dim_date') }} as calendar on changes.changed_date = calendar.date_day
left join
    {{ ref('fct_opportunity') }} as deals
    on changes.opportunity_id = deals.opportunity_id
    and deals.is_last_episode
left join
    {{ ref('dim_sales_rep') }} as reps
    on changes.sales_rep_id = reps.sales_rep_id
    and changes.changed_date >= reps.valid_from_date
    and changes.changed_date < reps.valid_to_date
left join
    {{ ref('dim_member') }} as owners
    on owners.level = 'rep'
    and changes.sales_rep_id = owners.member_id
left join
    {{ ref('dim_member') }} as teams
    on teams.level = 'team'
    and {{ or_unknown('reps.team_id') }} = teams.member_id
-- Stages, owners and territories by their names of today; everything else is what it says.
left join
    {{ ref('dim_member') }} as old_names
    on changes.old_value = old_names.member_id
    and case
        changes.field_name
        when 'stage_id'
        then 'stage'
        when 'owner_id'
        then 'rep'
        when 'territory_id'
        then 'territory'
    end
    = old_names.level
left join
    {{ ref('dim_member') }} as new_names
    on changes.new_value = new_names.member_id
    and case
        changes.field_name
        when 'stage_id'
        then 'stage'
        when 'owner_id'
        then 'rep'
        when 'territory_id'
        then 'territory'
    end
    = new_names.level
