{#
    Dates and times, where DuckDB and Spark differ. Timestamps are naive and in UTC; a business date
    is the date that the company's clock showed. `time_zone` is a column (one row of
    stg_company__settings, cross joined): both engines then convert with a constant.

    A company that changed its zone has a text of entries such as
    `2023-05-31 20:30:00 2023-06-01 Asia/Tehran;...` there: the moment and the day from which each zone
    holds. Texts of such dates sort as the dates do, so the last entry that is not later is the greatest.
#}


{# The company's date at a moment. #}
{% macro business_date(moment, time_zone) -%}
    {{ return(adapter.dispatch('business_date', 'salesops')(moment, time_zone)) }}
{%- endmacro %}

{% macro duckdb__business_date(moment, time_zone) -%}
    {#- A zone lookup costs 50 times as much as a plain cast, and most companies' zone is UTC. -#}
    case
        when {{ time_zone }} = 'UTC' then cast({{ moment }} as date)
        when {{ time_zone }} not like '%;%' then cast(timezone({{ time_zone }}, timezone('UTC', {{ moment }})) as date)
        else cast(timezone({{ zone_at(moment, time_zone) }}, timezone('UTC', {{ moment }})) as date)
    end
{%- endmacro %}

{% macro spark__business_date(moment, time_zone) -%}
    case
        when {{ time_zone }} not like '%;%' then cast(from_utc_timestamp({{ moment }}, {{ time_zone }}) as date)
        else cast(from_utc_timestamp({{ moment }}, {{ zone_at(moment, time_zone) }}) as date)
    end
{%- endmacro %}


{# The zone that held at a moment, of a company that changed its zone. #}
{% macro zone_at(moment, time_zone) -%}
    {{ return(adapter.dispatch('zone_at', 'salesops')(moment, time_zone)) }}
{%- endmacro %}

{% macro duckdb__zone_at(moment, time_zone) -%}
    substr(list_max(list_filter(
        string_split({{ time_zone }}, ';'),
        lambda entry: left(entry, 19) <= strftime({{ moment }}, '%Y-%m-%d %H:%M:%S')
    )), 32)
{%- endmacro %}

{% macro spark__zone_at(moment, time_zone) -%}
    substr(array_max(filter(
        split({{ time_zone }}, ';'),
        entry -> left(entry, 19) <= date_format({{ moment }}, 'yyyy-MM-dd HH:mm:ss')
    )), 32)
{%- endmacro %}


{# The zone of a day, of a company that changed its zone. #}
{% macro zone_on(day, time_zone) -%}
    {{ return(adapter.dispatch('zone_on', 'salesops')(day, time_zone)) }}
{%- endmacro %}

{% macro duckdb__zone_on(day, time_zone) -%}
    substr(list_max(list_filter(
        string_split({{ time_zone }}, ';'),
        lambda entry: substr(entry, 21, 10) <= strftime({{ day }}, '%Y-%m-%d')
    )), 32)
{%- endmacro %}

{% macro spark__zone_on(day, time_zone) -%}
    substr(array_max(filter(
        split({{ time_zone }}, ';'),
        entry -> substr(entry, 21, 10) <= date_format({{ day }}, 'yyyy-MM-dd')
    )), 32)
{%- endmacro %}


{#
    The business date that an extract speaks for: one taken at midnight shows how the day before
    ended, so a microsecond is taken off.
#}
{% macro extract_date(extracted_at, time_zone) -%}
    {{ business_date(extracted_at ~ " - interval '1' microsecond", time_zone) }}
{%- endmacro %}


{# The moment (UTC) at which a date begins on the company's clock. #}
{% macro start_of_day(day, time_zone) -%}
    {{ return(adapter.dispatch('start_of_day', 'salesops')(day, time_zone)) }}
{%- endmacro %}

{% macro duckdb__start_of_day(day, time_zone) -%}
    case
        when {{ time_zone }} = 'UTC' then cast({{ day }} as timestamp)
        when {{ time_zone }} not like '%;%'
            then timezone('UTC', timezone({{ time_zone }}, cast({{ day }} as timestamp)))
        else timezone('UTC', timezone({{ zone_on(day, time_zone) }}, cast({{ day }} as timestamp)))
    end
{%- endmacro %}

{% macro spark__start_of_day(day, time_zone) -%}
    case
        when {{ time_zone }} not like '%;%' then to_utc_timestamp(cast({{ day }} as timestamp), {{ time_zone }})
        else to_utc_timestamp(cast({{ day }} as timestamp), {{ zone_on(day, time_zone) }})
    end
{%- endmacro %}


{# The last moment (UTC) of a date on the company's clock. #}
{% macro end_of_day(day, time_zone) -%}
    {{ start_of_day(plus_days(day, 1), time_zone) }} - interval '1' microsecond
{%- endmacro %}


{# Whole calendar days from one date to another; negative when the second is the earlier. #}
{% macro days_between(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between', 'salesops')(first_day, last_day)) }}
{%- endmacro %}

{% macro duckdb__days_between(first_day, last_day) -%}
    cast(date_diff('day', {{ first_day }}, {{ last_day }}) as integer)
{%- endmacro %}

{% macro spark__days_between(first_day, last_day) -%}
    datediff({{ last_day }}, {{ first_day }})
{%- endmacro %}


{#
    One row for each date from the first to the last, both included; none where the second is the
    earlier or either is NULL. Stands alone in a select list, and costs next to nothing for a single day.
#}
{% macro each_day(first_day, last_day) -%}
    {{ return(adapter.dispatch('each_day', 'salesops')(first_day, last_day)) }}
{%- endmacro %}

{% macro duckdb__each_day(first_day, last_day) -%}
    cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval '1' day)) as date)
{%- endmacro %}

{% macro spark__each_day(first_day, last_day) -%}
    {#- Spark's sequence would run backwards. -#}
    explode(case when {{ last_day }} >= {{ first_day }} then sequence({{ first_day }}, {{ last_day }}) end)
{%- endmacro %}


{# The date so many days later; `days` is an integer expression and may be negative. #}
{% macro plus_days(day, days) -%}
    {{ return(adapter.dispatch('plus_days', 'salesops')(day, days)) }}
{%- endmacro %}

{% macro duckdb__plus_days(day, days) -%}
    ({{ day }} + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__plus_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as int))
{%- endmacro %}


{#
    Ends of time: an interval without an end closes at the open end, the first version of a
    dimension's member reaches back to the open start. Both compare and join like any other value,
    which NULL would not.
#}
{% macro open_end() -%}
    timestamp '9999-12-31 00:00:00'
{%- endmacro %}

{% macro open_end_date() -%}
    date '9999-12-31'
{%- endmacro %}

{% macro open_start() -%}
    timestamp '1900-01-01 00:00:00'
{%- endmacro %}

{% macro open_start_date() -%}
    date '1900-01-01'
{%- endmacro %}


{# Whole seconds from one moment to another; negative when the second is the earlier. #}
{% macro seconds_between(first_moment, last_moment) -%}
    {{ return(adapter.dispatch('seconds_between', 'salesops')(first_moment, last_moment)) }}
{%- endmacro %}

{% macro duckdb__seconds_between(first_moment, last_moment) -%}
    cast((epoch_us({{ last_moment }}) - epoch_us({{ first_moment }})) // 1000000 as bigint)
{%- endmacro %}

{% macro spark__seconds_between(first_moment, last_moment) -%}
    cast((unix_micros({{ last_moment }}) - unix_micros({{ first_moment }})) div 1000000 as bigint)
{%- endmacro %}


{# The moment so many seconds later; `seconds` is an integer expression. #}
{% macro plus_seconds(moment, seconds) -%}
    {{ return(adapter.dispatch('plus_seconds', 'salesops')(moment, seconds)) }}
{%- endmacro %}

{% macro duckdb__plus_seconds(moment, seconds) -%}
    ({{ moment }} + to_seconds({{ seconds }}))
{%- endmacro %}

{% macro spark__plus_seconds(moment, seconds) -%}
    timestamp_micros(unix_micros({{ moment }}) + 1000000 * {{ seconds }})
{%- endmacro %}
