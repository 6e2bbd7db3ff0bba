{#
    A surrogate key: the parts of the natural key, joined. Only the first part may be free text; the
    others are numbers, so two different rows never make the same key. Missing if the first part is.

    A hash would hide what the key stands for, and 32 random characters a row are what a column store
    compresses worst: they made up a third of the facts' bytes.
#}
{% macro surrogate_key(natural_id, parts) -%}
    {{ natural_id }}
    {%- for part in parts %} || '#' || cast({{ part }} as string){% endfor %}
{%- endmacro %}


{# The id of a level's member; rows without one belong to the unknown member, never to nobody. #}
{% macro or_unknown(expression) -%}
    coalesce({{ expression }}, 'unknown')
{%- endmacro %}
