{#- Deep enough for any map of the world; a cycle of parents ends here instead of running on. -#}
{%- set levels = 8 -%}

with

    territories as (

        select territory_id, territory_name, parent_territory_id

        from {{ ref('stg_crm__territories_history') }}
        where is_current

    )

select
    territories.territory_id,
    territories.territory_name,
    territories.parent_territory_id,
    concat_ws(
        ' / ',
        {% for level in range(levels, 0, -1) %} ancestor_{{ level }}.territory_name, {% endfor %}
        territories.territory_name
    ) as territory_path

from territories
{% for level in range(1, levels + 1) %}
        {% set child = 'territories' if level == 1 else 'ancestor_' ~ (level - 1) %}
    left join
        territories as ancestor_{{ level }}
        on {{ child }}.parent_territory_id = ancestor_{{ level }}.territory_id
{% endfor %}

union all

select
    'unknown' as territory_id,
    'Unknown' as territory_name,
    cast(null as string) as parent_territory_id,
    'Unknown' as territory_path
