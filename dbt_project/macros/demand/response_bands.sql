{#
    How fast leads are answered, in bands: the name of each and the most seconds, by the clock, that it holds.
    Whoever waits longer is in `later`; who waits still, in `never`.
#}
{% macro response_bands() %}
    {{ return([
        {'name': '5 minutes', 'seconds': 300},
        {'name': '30 minutes', 'seconds': 1800},
        {'name': '1 hour', 'seconds': 3600},
        {'name': '24 hours', 'seconds': 86400},
    ]) }}
{% endmacro %}


{# The names of all bands, the fastest first. #}
{% macro response_band_names() %}
    {{ return(response_bands() | map(attribute='name') | list + ['later', 'never']) }}
{% endmacro %}
