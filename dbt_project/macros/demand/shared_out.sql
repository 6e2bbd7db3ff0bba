{#
    What each row of a group gets of a whole number, by its part of the group's: the quotient without its fraction,
    and what is left over by largest remainder, one each. A whole number that is less than nothing is shared out
    like its opposite.

    In whole numbers of 38 digits: a double would round each share for itself, and shares would not add up.

    Arguments:
        whole: the whole number to share out.
        part, parts: the row's part, and the sum of those of the group.
#}
{% macro share_quotient(whole, part, parts) -%}
    {{ whole_quotient('abs(' ~ wide_whole_number(whole) ~ ') * ' ~ wide_whole_number(part), wide_whole_number(parts)) }}
{%- endmacro %}

{% macro share_remainder(whole, part, parts) -%}
    (abs({{ wide_whole_number(whole) }}) * {{ wide_whole_number(part) }}) % {{ wide_whole_number(parts) }}
{%- endmacro %}


{# A whole number with room for the product of two of them. #}
{% macro wide_whole_number(number) -%}
    {{ return(adapter.dispatch('wide_whole_number', 'salesops')(number)) }}
{%- endmacro %}

{% macro duckdb__wide_whole_number(number) -%}
    cast({{ number }} as hugeint)
{%- endmacro %}

{% macro spark__wide_whole_number(number) -%}
    cast({{ number }} as decimal(38, 0))
{%- endmacro %}
