{#
    What a cap takes of a win's earnings, 0 or below, or for a win of less than 0 gives back: of what a
    rep has earned in a plan period, in the order of the wins, the part beyond the cap. Expects the
    columns rate_value, spif_value and cap_value of int_commission_earned.

    Arguments:
        partition: the columns that make up a rep's plan period.
#}
{% macro taken_by_cap(partition) -%}
    cast(
        least(
            coalesce(
                cap_value - sum(rate_value + spif_value) over (
                    partition by {{ partition }}
                    order by won_date, opportunity_id, episode, sales_rep_id
                    rows between unbounded preceding and current row
                ), 0
            ), 0
        )
        - least(
            coalesce(
                cap_value - sum(rate_value + spif_value) over (
                    partition by {{ partition }}
                    order by won_date, opportunity_id, episode, sales_rep_id
                    rows between unbounded preceding and 1 preceding
                ), 0
            ), 0
        ) as decimal(18, 2)
    )
{%- endmacro %}
