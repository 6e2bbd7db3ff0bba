{# The fields of a deal whose history is kept, and the type of each. #}
{% macro tracked_fields() %}
    {{ return({
        'stage_id': 'string',
        'owner_id': 'string',
        'territory_id': 'string',
        'forecast_category': 'string',
        'currency_code': 'string',
        'amount': 'decimal(18, 2)',
        'probability': 'decimal(9, 6)',
        'expected_close_date': 'date',
    }) }}
{% endmacro %}


{#
    What a source says that a field holds, as text that sorts by how much the source is believed:
    NULL where it says nothing, and no more than the rank where it says that the field is empty.
#}
{% macro ranked_observation(rank, value) -%}
    '{{ rank }}' || coalesce(cast({{ value }} as string), '')
{%- endmacro %}

{% macro observed_value(ranked_value, type) -%}
    {%- if type == 'string' -%}
    nullif(substr({{ ranked_value }}, 2), '')
    {%- else -%}
    cast(nullif(substr({{ ranked_value }}, 2), '') as {{ type }})
    {%- endif -%}
{%- endmacro %}
