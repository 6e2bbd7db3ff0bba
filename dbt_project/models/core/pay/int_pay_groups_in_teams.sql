{{ unsafe_groups_put_together(
    "(select *, branch_id || ' | ' || team_id || ' | ' || territory_id as group_name from "
    ~ ref('fct_seller_pay') ~ ") as org_units",
    'team',
    "branch_id || ' | ' || team_id"
) }}
