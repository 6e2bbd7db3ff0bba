with

    open_versions as (

        select
            opportunity_id,
            episode,
            valid_from_date,
            expected_close_date,
            -- A date that is cleared for a while is moved from where it was.
            {{ last_known('expected_close_date', 'earlier_versions') }}
            as previous_expected_close_date

        from {{ ref('fct_opportunity_version') }}
        where not is_closed
        window
            earlier_versions as (
                partition by opportunity_id, episode
                order by valid_from
                rows between unbounded preceding and 1 preceding
            )

    )

select opportunity_id, episode, count(*) as pushes, max(valid_from_date) as last_pushed_date

from open_versions
where expected_close_date > previous_expected_close_date
group by opportunity_id, episode
