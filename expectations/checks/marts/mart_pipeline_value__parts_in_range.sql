-- about: marts.mart_pipeline_value
-- severity: block
-- meaning: rows with negative parts or parts above the whole
-- advice: this is a defect of the mart; report it with these rows
select as_of_date, level, member_id
from {{ batch }}
where
    open_deals < 0
    or open_value < 0
    or weighted_value < 0
    or weighted_value > open_value
    or overdue_deals > open_deals
    or overdue_value > open_value
    or no_amount_deals > open_deals
