-- Fails for each version of a rep or an account that does not begin where the one before ends, for
-- the first one if it does not reach back to the open start, and for the last one if it ends. A
-- fact of a day in a gap would belong to nobody. Look at the member in its staging history.
with

    versions as (

        select
            'dim_sales_rep' as dimension,
            sales_rep_id as member_id,
            valid_from,
            valid_to,
            valid_from_date,
            valid_to_date,
            is_current

        from {{ ref('dim_sales_rep') }}

        union all

        select
            'dim_account' as dimension,
            account_id as member_id,
            valid_from,
            valid_to,
            valid_from_date,
            valid_to_date,
            is_current

        from {{ ref('dim_account') }}

    ),

    neighbours as (

        select
            *,
            lag(valid_to) over member as previous_valid_to,
            lag(valid_to_date) over member as previous_valid_to_date,
            lead(valid_from) over member as next_valid_from

        from versions
        window member as (partition by dimension, member_id order by valid_from, valid_from_date)

    )

select *

from neighbours
where
    valid_from > valid_to
    or valid_from_date > valid_to_date
    or (valid_from = valid_to and valid_from_date = valid_to_date)
    or valid_from <> coalesce(previous_valid_to, {{ open_start() }})
    or valid_from_date <> coalesce(previous_valid_to_date, {{ open_start_date() }})
    or is_current <> (next_valid_from is null)
    or (is_current and valid_to <> {{ open_end() }})
