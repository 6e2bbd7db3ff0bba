{#
    The amount rule: what the CRM gives, else the total of the line items, else the product's list
    price. Amount, source and currency come from the same place, so a list price keeps the currency
    it stands in. Expects the columns line_items_amount, list_price, list_price_currency_code,
    currency_code and reporting_currency in scope.
#}
{% macro resolved_amount(given_amount) -%}
    coalesce({{ given_amount }}, line_items_amount, list_price)
{%- endmacro %}

{% macro resolved_amount_source(given_amount) -%}
    case
        when {{ given_amount }} is not null then 'crm'
        when line_items_amount is not null then 'line_items'
        when list_price is not null then 'list_price'
        else 'none'
    end
{%- endmacro %}

{% macro resolved_currency_code(given_amount) -%}
    case
        when {{ given_amount }} is null and line_items_amount is null and list_price is not null
            then list_price_currency_code
        else coalesce(currency_code, reporting_currency)
    end
{%- endmacro %}


{#
    An amount in the reporting currency, and its share at a probability.

    DuckDB keeps a product of two decimals of 18 digits in 18 digits, which amounts of a hundred million
    overflow; of 19 digits and more it does not. Spark has 38 for the product of 19 and 18. Rounding
    such a product costs as much as all the rest of a fact, and most amounts stand in the company's own
    currency.

    What an open deal is worth changes with the rates: its weighted amount is taken in its own currency,
    and converted like any other.
#}
{% macro converted(amount, exchange_rate) -%}
    case
        when {{ exchange_rate }} = 1 then cast({{ amount }} as decimal(18, 2))
        else cast(cast({{ amount }} as decimal(19, 2)) * {{ exchange_rate }} as decimal(18, 2))
    end
{%- endmacro %}

{% macro weighted(value, probability) -%}
    cast(cast({{ value }} as decimal(19, 2)) * {{ probability }} as decimal(18, 2))
{%- endmacro %}


{#
    A sum of amounts of one currency in the reporting currency, not rounded: what is added up over
    currencies is rounded once, at the end.
#}
{% macro converted_sum(amount, exchange_rate) -%}
    cast({{ amount }} as decimal(19, 2)) * {{ exchange_rate }}
{%- endmacro %}


{#
    Pay in the reporting currency, to the sixth decimal like pay itself: sums are rounded to the cent
    where they are published, and not their parts. Three lines of a third each are 1.00, not 0.99.
#}
{% macro converted_pay(amount, exchange_rate) -%}
    case
        when {{ exchange_rate }} = 1 then cast({{ amount }} as decimal(22, 6))
        else cast(cast({{ amount }} as decimal(22, 6)) * {{ exchange_rate }} as decimal(22, 6))
    end
{%- endmacro %}

{% macro pay_sum(expression) -%}
    cast(coalesce(sum({{ expression }}), 0) as decimal(22, 6))
{%- endmacro %}


{# A share of what was won, to the sixth decimal: the thirds of a deal add up to it. #}
{% macro shared_value(value, share) -%}
    cast(cast({{ value }} as decimal(22, 6)) * {{ share }} as decimal(22, 6))
{%- endmacro %}


{# What a share of an amount is in the reporting currency, not rounded. #}
{% macro shared_pay(amount, share, exchange_rate) -%}
    cast(cast({{ amount }} as decimal(22, 6)) * {{ share }} as decimal(28, 12)) * {{ exchange_rate }}
{%- endmacro %}
