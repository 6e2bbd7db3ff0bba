{#
    What recorded time can go into, the class that counts first where entries overlap. Time of which
    only the clock is known comes last: whatever says more about an hour goes before it.
#}
{% macro activity_classes() %}
    {{ return(['selling', 'training', 'meeting', 'admin', 'other', 'unclassified']) }}
{% endmacro %}
