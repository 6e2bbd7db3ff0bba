-- about: restricted.fct_credit
-- severity: warn
-- meaning: wins of no known rep; they count for the company, and nobody is credited
-- advice: give the deals their owners in the CRM, or land the users who own them
select distinct opportunity_id, won_date from {{ batch }} where problem = 'unknown_seller'
