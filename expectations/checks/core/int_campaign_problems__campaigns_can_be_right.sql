-- about: intermediate.int_campaign_problems
-- severity: warn
-- meaning: what cannot be right about campaigns; members, touches and costs of campaigns that are
-- not there count for unknown, a cost without a currency is taken for the reporting currency,
-- a ring of parents is cut, and what has no day or no exchange rate counts in no period
-- advice: find them in intermediate.int_campaign_problems of warehouse.duckdb, and correct them
-- in the CRM
select problem, count(*) as records from {{ batch }} group by problem
