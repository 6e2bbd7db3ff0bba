{{ unsafe_groups_put_together(ref('int_pay_groups_in_teams'), 'branch', 'branch_id') }}
