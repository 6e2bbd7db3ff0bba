{#
    The levels at which numbers are given, from the company down: each level's name, and the column
    of a fact that says which member a row counts for. The company has one member, `all`, and needs
    no column. Nor does the manager: a row counts for everybody above its rep, and the fact's day says who
    they were (see counted_by_manager). `adds_up: false` says that its members count the same rows.

    A level's `needs` are the source columns that tell its members apart, in the notation of the
    metrics' `needs` (see docs/how-to/adding-a-metric.md); source_coverage says which are missing.
#}
{% macro deal_levels() %}
    {{ return({
        'company': {'column': none, 'needs': []},
        'branch': {
            'column': 'branch_id',
            'needs': [
                'crm.users.branch_id | crm.teams.branch_id | hr.positions.branch_id',
                'crm.branches.branch_name',
            ],
        },
        'territory': {
            'column': 'territory_id',
            'needs': [
                'crm.opportunities.territory_id | crm.users.territory_id | hr.positions.territory_id',
                'crm.territories.territory_name',
            ],
        },
        'team': {
            'column': 'team_id',
            'needs': ['crm.users.team_id | hr.positions.team_id', 'crm.teams.team_name'],
        },
        'rep': {
            'column': 'sales_rep_id',
            'needs': ['crm.opportunities.owner_id', 'crm.users.user_name'],
        },
        'manager': {
            'column': none,
            'adds_up': false,
            'needs': ['crm.users.manager_id | hr.positions.manager_worker_id'],
        },
        'segment': {
            'column': 'segment',
            'needs': ['crm.opportunities.account_id', 'crm.accounts.segment'],
        },
        'product': {
            'column': 'product_id',
            'needs': ['crm.opportunities.product_id', 'crm.products.product_name'],
        },
        'lead_source': {'column': 'lead_source', 'needs': ['crm.opportunities.lead_source']},
    }) }}
{% endmacro %}


{# The levels of what reps do in the CRM: those of their own, whatever deal it was about. #}
{% macro activity_levels() %}
    {% set levels = {} %}
    {% for level, declared in deal_levels().items()
        if level in ['company', 'branch', 'territory', 'team', 'rep', 'manager'] %}
        {% do levels.update({level: declared}) %}
    {% endfor %}
    {{ return(levels) }}
{% endmacro %}


{# The levels of an open deal: it also has a stage and a forecast category that still change. #}
{% macro pipeline_levels() %}
    {% set levels = dict(deal_levels()) %}
    {% do levels.update({
        'stage': {
            'column': 'stage_id',
            'needs': ['crm.opportunities.stage_id', 'crm.stages.stage_name'],
        },
        'forecast_category': {
            'column': 'forecast_category',
            'needs': ['crm.opportunities.forecast_category'],
        },
    }) %}
    {{ return(levels) }}
{% endmacro %}


{#
    The levels of what reps do with their time and what they are paid: those of a person, as HR
    has them, or else the CRM. Whoever sells is known by a position in sales or by a CRM user, and goes
    by a pseudonym where no account in the CRM can be recognized as the worker's.
#}
{% macro rep_levels() %}
    {% set deals = deal_levels() %}
    {{ return({
        'company': {'column': none, 'needs': ['crm.users.user_id | hr.positions.is_sales']},
        'branch': {'column': 'branch_id', 'needs': deals.branch.needs},
        'territory': {
            'column': 'territory_id',
            'needs': [
                'crm.users.territory_id | hr.positions.territory_id',
                'crm.territories.territory_name',
            ],
        },
        'team': {'column': 'team_id', 'needs': deals.team.needs},
        'rep': {
            'column': 'rep_id',
            'needs': [
                'crm.users.user_name',
                'crm.person_crosswalk.person_id | crm.users.employee_number | crm.users.email',
                'crm.person_crosswalk.person_id | hr.workers.employee_number | hr.workers.work_email',
            ],
        },
    }) }}
{% endmacro %}


{# The levels of a lead: those of the rep it was given to first, and where it came from. #}
{% macro lead_levels() %}
    {% set deals = deal_levels() %}
    {{ return({
        'company': {'column': none, 'needs': []},
        'branch': {'column': 'branch_id', 'needs': deals.branch.needs},
        'territory': {
            'column': 'territory_id',
            'needs': [
                'crm.leads.territory_id | crm.users.territory_id | hr.positions.territory_id',
                'crm.territories.territory_name',
            ],
        },
        'team': {'column': 'team_id', 'needs': deals.team.needs},
        'rep': {'column': 'sales_rep_id', 'needs': ['crm.leads.owner_id', 'crm.users.user_name']},
        'manager': deals.manager,
        'lead_source': {'column': 'lead_source', 'needs': ['crm.leads.lead_source']},
    }) }}
{% endmacro %}


{# The levels of how far leads come: also the campaign that the lead itself names. #}
{% macro lead_funnel_levels() %}
    {% set levels = dict(lead_levels()) %}
    {% do levels.update({
        'campaign': {
            'column': 'campaign_id',
            'needs': ['crm.leads.campaign_id', 'crm.campaigns.campaign_name'],
        },
    }) %}
    {{ return(levels) }}
{% endmacro %}


{# The levels of what marketing brought: the campaign and how it reached people. A rep has no part in it. #}
{% macro campaign_levels() %}
    {{ return({
        'company': {'column': none, 'needs': []},
        'campaign': {'column': 'campaign_id', 'needs': ['crm.campaigns.campaign_name']},
        'channel': {'column': 'channel', 'needs': ['crm.campaigns.channel | crm.touches.channel']},
    }) }}
{% endmacro %}


{# The names of the levels as literals, one a line. #}
{% macro level_names(levels) -%}
    {%- for level in levels -%}
    '{{ level }}'{{ ',\n' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# The columns that say which members a row counts for, in the order of the levels. #}
{% macro level_columns(levels) %}
    {{ return(levels.values() | map(attribute='column') | select | list) }}
{% endmacro %}


{#
    The levels of what is reported of people as groups: who came and went, who was trained and hired. There
    is none for a single person.
#}
{% macro people_levels() %}
    {{ return({
        'company': {'column': none},
        'branch': {'column': 'branch_id'},
        'territory': {'column': 'territory_id'},
        'team': {'column': 'team_id'},
    }) }}
{% endmacro %}
