{#
    The pseudonym of a person's id: the first 80 bits of HMAC-SHA-256 (RFC 2104), as hexadecimal
    digits. Who has no key can neither turn it back nor try ids out. `key` is one row of
    stg_company__pseudonym_key, cross joined.
#}
{% macro pseudonym(text, key) -%}
    {{ return(adapter.dispatch('pseudonym', 'salesops')(text, key)) }}
{%- endmacro %}

{% macro duckdb__pseudonym(text, key) -%}
    substr(
        sha256(
            unhex({{ key }}.outer_pad)
            || unhex(sha256(unhex({{ key }}.inner_pad) || encode({{ text }})))
        ), 1, 20
    )
{%- endmacro %}

{% macro spark__pseudonym(text, key) -%}
    substr(
        sha2(
            concat(
                unhex({{ key }}.outer_pad),
                unhex(sha2(concat(unhex({{ key }}.inner_pad), encode({{ text }}, 'UTF-8')), 256))
            ), 256
        ), 1, 20
    )
{%- endmacro %}
