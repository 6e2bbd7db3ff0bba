{#
    Hooks around a model whose joins must run as written: the large table on the left streams past
    the small one on the right, which is held in memory.

    DuckDB takes the side that it believes to be smaller into memory. Behind a version history its
    belief is off by a factor of ten and more, and it would hold two million wide rows there: seven
    times slower, and out of memory at the default limit.
#}
{% macro join_as_written() %}
    {%- if target.type == 'duckdb' -%}
        set disabled_optimizers = 'build_side_probe_side'
    {%- endif -%}
{% endmacro %}

{% macro join_as_estimated() %}
    {%- if target.type == 'duckdb' -%}
        set disabled_optimizers = ''
    {%- endif -%}
{% endmacro %}
