-- about: marts.mart_deal_outcome
-- severity: block
-- meaning: rows that disagree with mart_conversion on decided deals or their value
-- advice: this is a defect of the mart; report it with these rows
select basis, period_grain, period_start, level, member_id
from {{ batch }} o
full join
    (
        select basis, period_grain, period_start, level, member_id, won_deals, lost_deals, won_value
        from marts.marts.mart_conversion
    ) c using (basis, period_grain, period_start, level, member_id)
where
    c.won_deals is not null
    and (
        o.closed_deals is distinct from c.won_deals + c.lost_deals
        or o.won_deals is distinct from c.won_deals
        -- An average has some sixteen digits, and a company's year in rials has as many.
        or abs(o.average_deal_outcome * o.closed_deals - c.won_value)
        > greatest(0.01 * o.closed_deals, 1e-9 * abs(c.won_value))
    )
