{#
    Fails for each combination of the columns that stands in more than one row. The grain in the
    model's description is then broken: look for a join that multiplies rows.
#}
{% test unique_combination(model, columns) %}

    select {{ columns | join(', ') }}, count(*) as row_count

    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1

{% endtest %}
