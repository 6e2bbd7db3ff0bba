-- about: intermediate.int_lead_problems
-- severity: warn
-- meaning: what cannot be right about leads; what comes before its lead answers nothing, and a
-- lead without a day of creation counts nowhere
-- advice: find them in intermediate.int_lead_problems of warehouse.duckdb, and correct them in
-- the CRM; statuses that lead_statuses lacks belong in the mapping
select problem, count(*) as events from {{ batch }} group by problem
