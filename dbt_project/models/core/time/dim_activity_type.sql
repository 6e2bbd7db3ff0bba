{#-
    What each type of activity counts as when it stands for recorded time, with customers and among
    colleagues. A system's own types become these in its mapping.
-#}
{%- set types = [
    {'id': 'meeting', 'name': 'Meeting', 'with_customers': 'selling', 'internal': 'meeting'},
    {'id': 'call', 'name': 'Call', 'with_customers': 'selling', 'internal': 'meeting'},
    {'id': 'email', 'name': 'E-mail', 'with_customers': 'selling', 'internal': 'admin'},
    {'id': 'training', 'name': 'Training', 'with_customers': 'training', 'internal': 'training'},
    {'id': 'task', 'name': 'Task', 'with_customers': 'admin', 'internal': 'admin'},
    {'id': 'other', 'name': 'Other', 'with_customers': 'other', 'internal': 'other'},
] -%}
{%- for type in types %}
    select
        '{{ type.id }}' as activity_type,
        '{{ type.name }}' as activity_type_name,
        '{{ type.with_customers }}' as customer_activity_class,
        '{{ type.internal }}' as internal_activity_class
        {{ 'union all' if not loop.last }}
{%- endfor %}
