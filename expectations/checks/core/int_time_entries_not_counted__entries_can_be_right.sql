-- about: intermediate.int_time_entries_not_counted
-- severity: warn
-- meaning: reasons for which time entries do not count
-- advice: find them in intermediate.int_time_entries_not_counted of warehouse.duckdb, and
-- correct them in the time sheet
select problem, count(*) as entries from {{ batch }} group by problem
