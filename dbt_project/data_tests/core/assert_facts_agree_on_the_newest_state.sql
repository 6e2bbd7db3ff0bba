-- Fails for each deal whose newest version and last episode differ in what they say of it, or which
-- one of the two facts does not know. The open pipeline of today would then depend on the table it
-- is taken from. Both facts read int_opportunity_versions_valued: look for a join in one of
-- them that loses or multiplies rows.
with

    newest_versions as (

        select opportunity_id, episode, stage_id, opportunity_value, is_closed, is_won

        from {{ ref('fct_opportunity_version') }}
        where is_current

    ),

    last_episodes as (

        select opportunity_id, episode, stage_id, opportunity_value, is_closed, is_won

        from {{ ref('fct_opportunity') }}
        where is_last_episode

    )

select newest_versions.opportunity_id as version_of, last_episodes.opportunity_id as episode_of

from newest_versions
full outer join last_episodes on newest_versions.opportunity_id = last_episodes.opportunity_id
where
    newest_versions.opportunity_id is null
    or last_episodes.opportunity_id is null
    or newest_versions.episode <> last_episodes.episode
    or newest_versions.stage_id <> last_episodes.stage_id
    or newest_versions.is_closed <> last_episodes.is_closed
    or newest_versions.is_won <> last_episodes.is_won
    or coalesce(newest_versions.opportunity_value, -1)
    <> coalesce(last_episodes.opportunity_value, -1)
