{#
    What recorded time can go into, the class that counts first where entries overlap. Time of which
    only the clock is known comes last: whatever says more about an hour goes before it.
#}
{% macro activity_classes() %}
    {{ return(['selling', 'training', 'meeting', 'admin', 'other', 'unclassified']) }}
{% endmacro %}


{# The columns of recorded seconds: one for each class, and their sum. #}
{% macro columns_of_recorded_time() %}
    {%- set columns = [] %}
    {%- for class in activity_classes() %}
        {%- do columns.append(class ~ '_seconds') %}
    {%- endfor %}
    {{ return(columns + ['recorded_seconds']) }}
{% endmacro %}
