with

    {#- What is marked as deleted may be removed for good weeks later: it is gone since the mark. #}
    {%- for table, key in [
        ('campaigns', 'campaign_id'), ('campaign_members', 'campaign_member_id')
    ] %}
        {{ table }}_numbered as (

            select
                {{ key }},
                valid_from,
                version_number,
                max(
                    case
                        when not (is_vanished or coalesce(is_deleted, false))
                        then version_number
                        else 0
                    end
                ) over (partition by {{ key }}) as last_living

            from {{ ref('stg_crm__' ~ table ~ '_history') }}

        ),

        {{ table }}_deleted as (

            select {{ key }}, min(valid_from) as deleted_at

            from {{ table }}_numbered
            where version_number > last_living
            group by {{ key }}

        ),
    {%- endfor %}

    -- As it was last known of a campaign that was deleted.
    campaigns as (

        select versions.campaign_id, versions.channel, versions.start_date, deleted.deleted_at

        from {{ ref('stg_crm__campaigns_history') }} as versions
        left join campaigns_deleted as deleted on versions.campaign_id = deleted.campaign_id
        where versions.is_current

    ),

    -- A response that no date tells of was made by the first extract that shows it. Of one that
    -- the member's first extract shows already, the membership is all that is known.
    first_shown as (

        select
            campaign_member_id,
            min(
                case when version_number > 1 and has_responded then valid_from end
            ) as shown_response_at,
            coalesce(max(case when version_number = 1 and has_responded then 1 else 0 end), 0)
            = 1 as responded_from_the_start

        from {{ ref('stg_crm__campaign_members_history') }}
        where not is_vanished
        group by campaign_member_id

    ),

    members as (

        select
            members.campaign_member_id,
            members.campaign_id,
            campaigns.campaign_id as known_campaign_id,
            campaigns.channel,
            members.lead_id,
            -- A contact that the CRM does not have says nothing of a person, and a lead does.
            case
                when contacts.contact_id is not null or members.lead_id is null
                then members.contact_id
            end as contact_id,
            members.member_status,
            coalesce(
                members.has_responded
                or members.first_responded_at is not null
                or members.first_responded_date is not null,
                false
            ) as has_responded,
            coalesce(
                members.created_at, {{ start_of_day('campaigns.start_date', 'settings.time_zone') }}
            ) as added_at,
            coalesce(
                members.first_responded_at,
                {{ start_of_day('members.first_responded_date', 'settings.time_zone') }},
                -- An extract of midnight speaks for the day that then ended.
                case
                    when not first_shown.responded_from_the_start
                    then
                        least(
                            first_shown.shown_response_at,
                            {{ end_of_day(
                                extract_date('first_shown.shown_response_at', 'settings.time_zone'),
                                'settings.time_zone'
                            ) }}
                        )
                end
            ) as responded_at,
            settings.time_zone

        from {{ ref('stg_crm__campaign_members_history') }} as members
        cross join {{ ref('stg_company__settings') }} as settings
        left join campaigns on members.campaign_id = campaigns.campaign_id
        left join first_shown on members.campaign_member_id = first_shown.campaign_member_id
        left join
            {{ ref('stg_crm__contacts') }} as contacts on members.contact_id = contacts.contact_id
        left join
            campaign_members_deleted as deleted
            on members.campaign_member_id = deleted.campaign_member_id
        -- Whoever was taken out of a campaign is none of its members. A campaign that is deleted
        -- takes its members along, and what it brought still counts.
        where
            members.is_current
            and (
                deleted.deleted_at is null
                or {{ extract_date('deleted.deleted_at', 'settings.time_zone') }}
                >= {{ extract_date('campaigns.deleted_at', 'settings.time_zone') }}
            )

    ),

    moments as (

        select
            *,
            -- Whoever is only known to have responded was in the campaign by then.
            coalesce(added_at, responded_at) as member_at,
            case when has_responded then coalesce(responded_at, added_at) end as response_at

        from members

    )

select
    campaign_member_id,
    campaign_id,
    known_campaign_id,
    channel,
    lead_id,
    contact_id,
    member_status,
    has_responded,
    member_at,
    {{ business_date('member_at', 'time_zone') }} as member_date,
    response_at,
    {{ business_date('response_at', 'time_zone') }} as response_date

from moments
