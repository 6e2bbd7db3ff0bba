-- about: restricted.mart_commission_reconciliation
-- severity: warn
-- meaning: reasons for which paid commission is not what the plans say
-- advice: look them up in restricted.mart_commission_reconciliation of
-- published/restricted.duckdb; docs/reference/commission.md explains each
-- note: Whose pay is wrong stands in the mart, which only its owner can read; here are counts.
select reason, count(*) as payments from {{ batch }} where status = 'different' group by reason
