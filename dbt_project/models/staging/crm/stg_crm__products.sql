{{ newest_rows_of('crm', 'products', ref('stg_crm__products_history')) }}
