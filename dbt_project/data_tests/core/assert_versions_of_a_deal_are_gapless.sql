-- Fails for each version of a deal that does not end where the next one begins, that lasts no time,
-- or that is the last one and ends. A day would then have two states of the deal or none, and the
-- pipeline of that day counts it twice or not at all. Look at the deal in
-- int_opportunity_versions_sequenced: its valid_from must increase with version_number.
with

    versions as (

        select
            opportunity_version_key,
            valid_from,
            valid_to,
            valid_from_date,
            valid_to_date,
            is_current,
            lead(valid_from) over deal as next_valid_from,
            lead(valid_from_date) over deal as next_valid_from_date

        from {{ ref('fct_opportunity_version') }}
        window deal as (partition by opportunity_id order by valid_from)

    )

select *

from versions
where
    valid_from >= valid_to
    or valid_from_date > valid_to_date
    or valid_to <> coalesce(next_valid_from, {{ open_end() }})
    or valid_to_date <> coalesce(next_valid_from_date, {{ open_end_date() }})
    or is_current <> (next_valid_from is null)
