{#
    A hook before a model that puts all that histories say of deals in order, which takes more memory
    than the default where there are histories of millions of deals: 4 GB from then on, unless
    SALESOPS_MEMORY_LIMIT says how much there is.

    Arguments:
        relation: the statements; without any there is nothing to sort.
#}
{% macro more_memory_for(relation) %}
    {%- if execute and target.type == 'duckdb' and run_query('select 1 from ' ~ relation ~ ' limit 1').rows -%}
        set memory_limit = '{{ env_var('SALESOPS_MEMORY_LIMIT', '4GB') }}'
    {%- endif -%}
{% endmacro %}
