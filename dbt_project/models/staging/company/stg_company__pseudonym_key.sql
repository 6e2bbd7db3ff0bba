select key_id, inner_pad, outer_pad from {{ source('company', 'pseudonym_key') }}
