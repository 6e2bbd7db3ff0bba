with

    stays as (

        select
            application_id,
            count(distinct stage_name) as stages_entered,
            min(
                case when lower(stage_name) like '%interview%' then entered_on end
            ) as interviewed_on

        from {{ ref('stg_hr__application_stages') }}
        group by application_id

    ),

    ranked_stays as (

        select
            application_id,
            stage_name,
            row_number() over (
                partition by application_id order by entered_on desc, application_stage_id desc
            ) as recency

        from {{ ref('stg_hr__application_stages') }}

    ),

    -- What was offered to be paid stays in staging.
    offers as (

        select
            application_id,
            count(*) as offers,
            min(offered_on) as offered_on,
            min(
                case when offer_status = 'accepted' then coalesce(answered_on, offered_on) end
            ) as accepted_on,
            max(case when offer_status = 'accepted' then 1 else 0 end) as has_accepted_offer,
            max(case when offer_status = 'declined' then 1 else 0 end) as has_declined_offer,
            max(case when offer_status = 'accepted' then starts_on end) as starts_on

        from {{ ref('stg_hr__offers') }}
        group by application_id

    ),

    applications as (

        select
            applications.application_id,
            applications.source_system,
            applications.requisition_id,
            people.person_id,
            people.person_key,
            applications.worker_id,
            coalesce(applications.job_title, requisitions.job_title) as job_title,
            applications.application_source,
            applications.application_status,
            {{ or_unknown('requisitions.branch_id') }} as branch_id,
            {{ or_unknown('requisitions.team_id') }} as team_id,
            {{ or_unknown('requisitions.territory_id') }} as territory_id,
            applications.applied_on,
            stays.interviewed_on,
            offers.offered_on,
            offers.accepted_on,
            applications.decided_on,
            case
                when applications.application_status = 'hired'
                then coalesce(applications.decided_on, offers.accepted_on)
            end as hired_on,
            case
                when applications.application_status = 'rejected' then applications.decided_on
            end as rejected_on,
            case
                when applications.application_status = 'withdrawn' then applications.decided_on
            end as withdrawn_on,
            coalesce(
                offers.starts_on,
                case when applications.application_status = 'hired' then workers.hired_on end
            ) as starts_on,
            coalesce(stays.stages_entered, 0) as stages_entered,
            ranked_stays.stage_name as last_stage_name,
            coalesce(offers.offers, 0) as offers,
            coalesce(offers.has_accepted_offer, 0) = 1 as has_accepted_offer,
            coalesce(offers.has_declined_offer, 0) = 1 as has_declined_offer

        from {{ ref('stg_hr__applications') }} as applications
        left join
            {{ ref('fct_requisition') }} as requisitions
            on applications.requisition_id = requisitions.requisition_id
        left join
            {{ ref('bridge_person') }} as people
            on people.system_name = 'hr'
            and applications.worker_id = people.system_person_id
        left join
            {{ ref('stg_hr__workers') }} as workers on applications.worker_id = workers.worker_id
        left join stays on applications.application_id = stays.application_id
        left join
            ranked_stays
            on applications.application_id = ranked_stays.application_id
            and ranked_stays.recency = 1
        left join offers on applications.application_id = offers.application_id

    )

select
    application_id,
    source_system,
    requisition_id,
    person_id,
    person_key,
    worker_id,
    job_title,
    application_source,
    application_status,
    branch_id,
    team_id,
    territory_id,
    applied_on,
    interviewed_on,
    offered_on,
    accepted_on,
    decided_on,
    hired_on,
    rejected_on,
    withdrawn_on,
    starts_on,
    cast(stages_entered as bigint) as stages_entered,
    last_stage_name,
    cast(offers as bigint) as offers,
    {%- for event in ['interviewed', 'offered', 'accepted', 'hired'] %}
        case
            when {{ event }}_on >= applied_on then {{ days_between('applied_on', event ~ '_on') }}
        end
        as days_to_{{ {'interviewed': 'interview', 'offered': 'offer', 'accepted': 'acceptance', 'hired': 'hire'}[event] }},
    {%- endfor %}
    -- A later step is never reached without the one before it, whether it was recorded or not.
    interviewed_on is not null
    or offers > 0
    or application_status in ('interviewing', 'offered', 'hired') as is_interviewed,
    offers > 0 or application_status in ('offered', 'hired') as is_offered,
    has_accepted_offer or application_status = 'hired' as is_accepted,
    has_declined_offer and not has_accepted_offer and application_status <> 'hired' as is_declined,
    application_status = 'hired' as is_hired,
    application_status not in ('hired', 'rejected', 'withdrawn') as is_open

from applications
