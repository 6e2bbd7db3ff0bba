with

    open_versions as (

        select
            opportunity_id,
            episode,
            valid_from_date,
            expected_close_date,
            lag(expected_close_date) over (
                partition by opportunity_id, episode order by valid_from
            ) as previous_expected_close_date

        from {{ ref('fct_opportunity_version') }}
        where not is_closed

    )

select opportunity_id, episode, count(*) as pushes, max(valid_from_date) as last_pushed_date

from open_versions
where expected_close_date > previous_expected_close_date
group by opportunity_id, episode
