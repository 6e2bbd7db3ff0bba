{# How many days before the end of a period its forecasts are looked at. #}
{% macro forecast_horizons() %}
    {{ return([0, 7, 14, 30, 60, 90]) }}
{% endmacro %}
