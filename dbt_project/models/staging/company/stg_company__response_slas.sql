select valid_from as valid_from_date, valid_to as valid_to_date, response_sla_minutes

from {{ source('company', 'response_slas') }}
