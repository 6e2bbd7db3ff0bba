"""The leads that are compared with each other, each by the few cells that say who somebody is.

Belongs here: which leads are compared, and which cells of them. Does not belong here: how alike two
of them are (`scoring`).
"""

from __future__ import annotations

import duckdb

from ingestion.matching.scoring import RECORDS
from ingestion.matching.spelling import company_key, email_key, name_key, phone_key

# An address or a number that more people have is nobody's own; nor is what so many leads share,
# and comparing each of these with each would take forever.
MOST_PEOPLE, MOST_LEADS = 5, 100
_MAILBOXES = (
    "admin|contact|hello|hr|info|jobs|kontakt|mail|marketing|noreply|no-reply|office|sales|service|"
    "support|team|test|webmaster"
)

_LIVING = """
create or replace temp table living as
with versions as (
    select
        *,
        row_number() over (partition by lead_id order by _extract_id desc) as age,
        min(_extracted_at) over (partition by lead_id) as first_shown_at
    from raw.crm.leads
)
select
    lead_id,
    lead_name,
    email,
    phone,
    mobile_phone,
    company_name,
    coalesce(created_at, cast(created_date as timestamp)) as created_at,
    first_shown_at,
    first_shown_at = min(first_shown_at) over (partition by _source_system) as is_of_first_extract
from versions
where
    age = 1
    and _op = 'upsert'
    and merged_into_id is null
    and not coalesce(is_duplicate, false)
    and not coalesce(is_deleted, false)
"""


def find_living(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `living`: leads that stand for themselves, as the newest extract shows them.

    What the CRM itself has merged or marked is decided already.

    Args:
        connection: With raw attached as `raw`.
    """
    connection.execute(_LIVING)


def make_records(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `records` of the table `living`."""
    connection.execute(
        f"""
        create or replace temp table spelled as select
            lead_id,
            {email_key("email")} as email,
            {phone_key("coalesce(mobile_phone, phone)")} as phone,
            {phone_key("if(mobile_phone is null, null, phone)")} as other_phone,
            {name_key("lead_name")} as name,
            {company_key("company_name")} as company
        from living
        """
    )
    connection.execute(
        """
        create or replace temp table numbers as
        select number, count(*) as leads, count(distinct name) as people
        from (
            select right(phone, 7) as number, name from spelled
            union all
            select right(other_phone, 7), name from spelled where other_phone is distinct from phone
        )
        where number is not null
        group by number
        """
    )
    connection.execute(
        f"""
        create or replace table {RECORDS} as
        with counted as (
            select
                *,
                count(*) over (partition by email) as email_leads,
                count(distinct name) over (partition by email) as email_people,
                count(*) over (partition by name, company) as company_leads
            from spelled
        )
        select
            lead_id,
            if(
                email_leads > {MOST_LEADS}
                or email_people > if(name is null, 1, {MOST_PEOPLE})
                or regexp_matches(email, '^({_MAILBOXES})@'),
                null, email
            ) as email,
            if({_is_shared("phones")}, null, phone) as phone,
            if({_is_shared("others")}, null, other_phone) as other_phone,
            name,
            if(company_leads > {MOST_LEADS}, null, company) as company
        from counted
        left join numbers as phones on right(phone, 7) = phones.number
        left join numbers as others on right(other_phone, 7) = others.number
        """
    )


def _is_shared(number: str) -> str:
    return f"{number}.leads > {MOST_LEADS} or {number}.people > if(name is null, 1, {MOST_PEOPLE})"
