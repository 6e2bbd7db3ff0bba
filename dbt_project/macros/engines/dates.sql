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


{#
    The company's date of a moment that a source reports. Midnight in UTC is a date that somebody wrote as a
    moment (see time_of_day_known): west of Greenwich the clock showed the day before, which nobody wrote.
#}
{% macro reported_date(moment, time_zone) -%}
    case
        when {{ moment }} = cast(cast({{ moment }} as date) as timestamp) then cast({{ moment }} as date)
        else {{ business_date(moment, time_zone) }}
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


{#
    The moment (UTC) at which the company's clock shows a time, so many minutes after a day's midnight; 1440
    is the midnight after. The first of two such moments, and what an hour that clocks skip becomes is
    counted from before it.

    Of an hour that comes twice DuckDB takes the second, and the first is the one an hour after the time an
    hour before it.
#}
{% macro moment_on_clock(day, minutes, time_zone) -%}
    {{ return(adapter.dispatch('moment_on_clock', 'salesops')(day, minutes, time_zone)) }}
{%- endmacro %}

{% macro duckdb__moment_on_clock(day, minutes, time_zone) -%}
    {%- set shown = '(cast(' ~ day ~ ' as timestamp) + to_minutes(' ~ minutes ~ '))' -%}
    {%- set zone = 'case when ' ~ time_zone ~ " like '%;%' then " ~ zone_on(day, time_zone)
        ~ ' else ' ~ time_zone ~ ' end' -%}
    case
        when {{ time_zone }} = 'UTC' then {{ shown }}
        else
            least(
                timezone('UTC', timezone({{ zone }}, {{ shown }})),
                timezone('UTC', timezone({{ zone }}, {{ shown }} - interval '1' hour)) + interval '1' hour
            )
    end
{%- endmacro %}

{% macro spark__moment_on_clock(day, minutes, time_zone) -%}
    to_utc_timestamp(
        timestamp_micros(unix_micros(cast({{ day }} as timestamp)) + 60000000 * {{ minutes }}),
        case when {{ time_zone }} like '%;%' then {{ zone_on(day, time_zone) }} else {{ time_zone }} end
    )
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


{# Microseconds from one moment to another; negative when the second is the earlier. #}
{% macro microseconds_between(first_moment, last_moment) -%}
    {{ return(adapter.dispatch('microseconds_between', 'salesops')(first_moment, last_moment)) }}
{%- endmacro %}

{% macro duckdb__microseconds_between(first_moment, last_moment) -%}
    (epoch_us({{ last_moment }}) - epoch_us({{ first_moment }}))
{%- endmacro %}

{% macro spark__microseconds_between(first_moment, last_moment) -%}
    (unix_micros({{ last_moment }}) - unix_micros({{ first_moment }}))
{%- endmacro %}


{#
    Days from one moment to a later one, to the millionth, a half rounded up. In whole numbers: the
    engines would round a double from different digits of it.
#}
{% macro days_with_fraction(first_moment, last_moment) -%}
    cast(
        cast(
            {{ whole_quotient(
                seconds_between(first_moment, last_moment) ~ ' * 1000000 + 43200', 86400
            ) }} as decimal(18, 0)
        )
        * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)
    )
{%- endmacro %}


{# Seconds in minutes, to the millionth, a half rounded up; in whole numbers, as above. #}
{% macro minutes_of_seconds(seconds) -%}
    cast(
        cast({{ whole_quotient('(' ~ seconds ~ ') * 1000000 + 30', 60) }} as decimal(18, 0))
        * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)
    )
{%- endmacro %}


{# The quotient of two whole numbers without its fraction. #}
{% macro whole_quotient(number, divisor) -%}
    {{ return(adapter.dispatch('whole_quotient', 'salesops')(number, divisor)) }}
{%- endmacro %}

{% macro duckdb__whole_quotient(number, divisor) -%}
    ({{ number }}) // {{ divisor }}
{%- endmacro %}

{% macro spark__whole_quotient(number, divisor) -%}
    ({{ number }}) div {{ divisor }}
{%- endmacro %}


{#
    A moment, where it says a time of day.

    Midnight on the company's clock, or in UTC, is a date that somebody wrote as a moment: minutes from it
    would be counted that nobody knows of.

    Arguments:
        moment, day: the moment and its business date.
        time_zone: the company's.
#}
{% macro time_of_day_known(moment, day, time_zone) -%}
    case
        when {{ moment }} is null then null
        {#- Midnights of all zones are quarters of an hour, and looking a zone up takes long. #}
        when {{ microseconds_between("timestamp '1970-01-01 00:00:00'", moment) }} % 900000000 <> 0 then {{ moment }}
        when {{ moment }} <> {{ start_of_day(day, time_zone) }}
            and {{ moment }} <> cast(cast({{ moment }} as date) as timestamp)
            then {{ moment }}
    end
{%- endmacro %}


{#
    Whether a beginning and an end are both reported to the time of day.

    A moment that is midnight on the company's clock, or in UTC, is a date that somebody wrote as a moment,
    with its zone or without: from it to a time of day, hours would be counted that nobody knows of.
#}
{% macro are_times_of_day(first_at, first_date, last_at, last_date, are_reported, time_zone) -%}
    {{ are_reported }}
            and {{ first_at }} <= {{ last_at }}
            and {{ first_at }} <> {{ start_of_day(first_date, time_zone) }}
            and {{ last_at }} <> {{ start_of_day(last_date, time_zone) }}
            and {{ first_at }} <> cast(cast({{ first_at }} as date) as timestamp)
            and {{ last_at }} <> cast(cast({{ last_at }} as date) as timestamp)
{%- endmacro %}


{#
    Days from a beginning to an end, with the fraction of a day where both are reported to the time of day;
    where only a date is reported of one of them, the days between the dates.

    Arguments:
        first_at, first_date: the moment and the business date of the beginning.
        last_at, last_date: those of the end, which is not before the beginning.
        are_reported: whether a source tells both moments.
        time_zone: the company's.
#}
{% macro days_as_reported(first_at, first_date, last_at, last_date, are_reported, time_zone) -%}
    case
        when {{ are_times_of_day(first_at, first_date, last_at, last_date, are_reported, time_zone) }}
            then {{ days_with_fraction(first_at, last_at) }}
        else cast({{ days_between(first_date, last_date) }} as decimal(18, 6))
    end
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
