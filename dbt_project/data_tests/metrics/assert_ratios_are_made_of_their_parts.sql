{#
    Fails for each ratio that is not its numerator divided by its denominator, that is not empty
    where the denominator is 0, or that is a fraction outside 0 to 1. What is made of a withheld
    number is withheld too.

    If it fails: the mart computes another formula than the .yml beside it declares.
#}
select metric, basis, period_grain, period_start, level, member_id, numerator, denominator, value

from {{ ref('metric_values') }}
where
    (denominator = 0 and value is not null)
    or (denominator <> 0 and numerator is not null and value is null)
    or abs(value - numerator / nullif(denominator, 0)) > 1e-9 * greatest(1, abs(value))
    or (unit = 'fraction' and (value < 0 or value > 1))
