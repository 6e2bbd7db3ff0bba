{#
    Whether an activity was held, and by a person. A machine answers no lead, and what is only planned may
    never happen. Of systems that know no status, what began before the newest extract was held.
#}
{% macro held_by_a_person(activities, as_of_at) -%}
    not coalesce({{ activities }}.is_automatic, false)
    and coalesce({{ activities }}.activity_status, 'held') = 'held'
    and {{ activities }}.started_at <= {{ as_of_at }}
{%- endmacro %}
