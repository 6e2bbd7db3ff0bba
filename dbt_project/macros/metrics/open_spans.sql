{#
    Open deals, one row per span of whole days in which nothing of a deal changed, nor whom it
    counts for.

    A deal counts for the team, branch and segment that its owner and its account had on the day, and
    for the owner's territory unless it names its own. So a version of a deal ends where one of these
    changes, and the next span begins there. A state that did not last until the end of its day is
    in no day's pipeline and leaves no span.

    Arguments:
        versions: fct_opportunity_version, or a relation with its columns.
        keys: further columns of it to hand through.

    What a deal is worth changes from day to day with the rates: spans have amounts, and who reads them
    converts them at the rate of the day that is looked at.

    Gives: the keys, opportunity_id, episode, the columns of the levels, open_amount (0 without an
    amount) and weighted_amount in currency_code, amount_source, has_creation_date,
    expected_close_date, and the half-open interval of days [valid_from_date, valid_to_date).
#}
{% macro open_spans(versions=none, keys=[]) %}
    select *

    from (
        select
            {%- for key in keys %}
            versions.{{ key }},
            {%- endfor %}
            versions.opportunity_id,
            versions.episode,
            versions.sales_rep_id,
            versions.product_id,
            versions.lead_source,
            versions.stage_id,
            versions.forecast_category,
            versions.currency_code,
            coalesce(versions.amount, 0) as open_amount,
            versions.weighted_amount,
            versions.has_creation_date,
            versions.amount_source,
            versions.expected_close_date,
            reps.team_id,
            reps.branch_id,
            accounts.segment,
            case
                when versions.has_own_territory then versions.territory_id
                else reps.territory_id
            end as territory_id,
            greatest(versions.valid_from_date, reps.valid_from_date, accounts.valid_from_date)
                as valid_from_date,
            least(versions.valid_to_date, reps.valid_to_date, accounts.valid_to_date) as valid_to_date

        from {{ versions or ref('fct_opportunity_version') }} as versions
        inner join {{ ref('dim_sales_rep') }} as reps
            on
                versions.sales_rep_id = reps.sales_rep_id
                and versions.valid_from_date < reps.valid_to_date
                and versions.valid_to_date > reps.valid_from_date
        inner join {{ ref('dim_account') }} as accounts
            on
                versions.account_id = accounts.account_id
                and versions.valid_from_date < accounts.valid_to_date
                and versions.valid_to_date > accounts.valid_from_date
        where
            not versions.is_closed
            and not versions.is_excluded
    ) as spans
    where valid_from_date < valid_to_date
{%- endmacro %}
