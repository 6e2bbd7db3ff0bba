{#
    What a lead passes on its way to a deal, in order. Each is reached at most once: by the first event that a
    basis knows of. A lead that is recycled, or opened again, keeps the ones that it has reached.
#}
{% macro lead_milestones() %}
    {{ return([
        'assigned', 'first_response', 'positive_response', 'accepted', 'qualified', 'converted',
        'disqualified', 'recycled',
    ]) }}
{% endmacro %}


{#
    The milestones that a step of crm.lead_statuses reaches, beside the positive response, of which the status
    says so itself: what is worth a deal has been taken over by sales, whether or not a status of its own said so.
#}
{% macro milestones_of_steps() %}
    {{ return({
        'accepted': ['accepted'],
        'qualified': ['accepted', 'qualified'],
        'converted': ['accepted', 'qualified', 'converted'],
        'disqualified': ['disqualified'],
        'recycled': ['recycled'],
    }) }}
{% endmacro %}
