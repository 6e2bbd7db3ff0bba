"""Leads, contacts and campaigns of HubSpot and Salesforce land by mappings and are what their rows say.

What they say is counted by pandas. The folders stand outside the repository, so the tests skip without them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from compiled_models import Models
from warehouse_testbed import landed, read_warehouse

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT.parent / "shared" / "data" / "fivetran_seeds"
BUILT = ("+mart_lead_response", "+mart_campaign", "+int_prospects", "+int_campaign_problems")

pytestmark = pytest.mark.skipif(
    not SEEDS.is_dir(), reason=f"the real extracts are not here: {SEEDS.name}"
)

HUBSPOT = """\
mapping: hubspot
description: Contacts, e-mail campaigns and their events, forms and people of deals.
source: crm
source_system: hubspot
time_zone: UTC
# These files end with their last value.
csv: {final_newline: optional}
tables:
  leads:
    files: "**/contact_data.csv"
    columns:
      lead_id: id
      email: property_email
      lead_name: {expression: "property_firstname || ' ' || property_lastname"}
      company_name: property_company
      lead_status_id: {constant: lead}
      contact_id: id
      created_at: property_createdate
      is_deleted: _fivetran_deleted
  lead_statuses:
    rows:
      - {lead_status_id: lead, lead_status_name: Lead, lead_step: new}
  contacts:
    files: "**/contact_data.csv"
    columns:
      contact_id: id
      email: property_email
      contact_name: {expression: "property_firstname || ' ' || property_lastname"}
      company_name: property_company
      created_at: property_createdate
      is_deleted: _fivetran_deleted
  campaigns:
    files: "**/email_campaign_data.csv"
    columns:
      campaign_id: id
      # Mails that are not kept have no name any more.
      campaign_name: {expression: "coalesce(name, id)"}
      channel: {constant: email}
  touches:
    - files: "**/email_event_data.csv"
      kind: events
      where: "type in ('OPEN', 'CLICK')"
      columns:
        touch_id: id
        touch_type: {from: type, recode: {OPEN: email_open, CLICK: email_click}}
        touched_at: created
        campaign_id: email_campaign_id
    - files: "**/contact_form_submission_data.csv"
      kind: events
      columns:
        touch_id: {key_of: [form_id, contact_id, conversion_id]}
        touch_type: {constant: form}
        touched_at: timestamp
        contact_id: contact_id
        channel: {constant: website}
  opportunity_contacts:
    files: "**/deal_contact_data.csv"
    columns:
      opportunity_id: deal_id
      contact_id: contact_id
"""
SALESFORCE = """\
mapping: salesforce
description: Leads and contacts.
source: crm
source_system: salesforce
time_zone: UTC
# These files end with their last value.
csv: {final_newline: optional}
tables:
  leads:
    files: "**/sf_lead_data.csv"
    columns:
      lead_id: id
      lead_name: name
      email: email
      company_name: company
      industry: industry
      owner_id: owner_id
      lead_status_id: status
      lead_source: lead_source
      is_converted: is_converted
      converted_at: converted_date
      converted_contact_id: converted_contact_id
      converted_account_id: converted_account_id
      converted_opportunity_id: converted_opportunity_id
      is_deleted: is_deleted
      created_at: created_date
      modified_at: last_modified_date
  lead_statuses:
    rows:
      - {lead_status_id: Converted, lead_status_name: Converted, lead_step: converted}
  contacts:
    files: "**/sf_contact_data.csv"
    columns:
      contact_id: id
      contact_name: name
      email: email
      phone: phone
      account_id: account_id
      owner_id: owner_id
      country: mailing_country
      created_at: created_date
      modified_at: last_modified_date
"""


def seed(system: str, name: str) -> pd.DataFrame:
    return pd.read_csv(SEEDS / system / f"{name}.csv", dtype=str, keep_default_na=False)


def built(models: Models, folder: Path, system: str, mapping: str) -> Path:
    """Lands a system's files, of which none may be refused and no record quarantined."""
    path = folder / f"{system}.yml"
    path.write_text(mapping, encoding="utf-8")
    home = folder / "home"
    files = landed(home, str(path), SEEDS / system).files
    assert {each.table_name: each.quarantined for each in files if each.quarantined} == {}
    models.build(home, *BUILT)
    assert models.failing_tests(home, *BUILT) == []
    return home


@pytest.fixture(scope="module")
def hubspot(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    home = built(models, tmp_path_factory.mktemp("hubspot"), "hubspot", HUBSPOT)
    with read_warehouse(home, with_raw=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def salesforce(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    home = built(models, tmp_path_factory.mktemp("salesforce"), "salesforce", SALESFORCE)
    with read_warehouse(home, with_raw=True) as connection:
        yield connection


def counted(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    return {str(key): number for key, number in connection.execute(query).fetchall()}


def test_hubspots_contacts_are_leads_by_month(hubspot: duckdb.DuckDBPyConnection):
    contacts = seed("hubspot", "contact_data")
    by_month = Counter(each[:7] + "-01" for each in contacts["property_createdate"])
    found = counted(
        hubspot,
        "select period_start, leads from marts.mart_lead_response where basis = 'restated' "
        "and period_grain = 'month' and level = 'company'",
    )
    assert found == by_month
    assert sum(by_month.values()) == len(contacts) > 20
    # A contact and the lead that it was are one person.
    ((people, records),) = hubspot.execute(
        "select count(distinct prospect_key), count(*) from intermediate.int_prospects"
    ).fetchall()
    assert (people, records) == (len(contacts), 2 * len(contacts))


def test_hubspots_mails_are_campaigns_and_what_people_did_touches(
    hubspot: duckdb.DuckDBPyConnection,
):
    campaigns, events = seed("hubspot", "email_campaign_data"), seed("hubspot", "email_event_data")
    names = {key: name or key for key, name in zip(campaigns["id"], campaigns["name"], strict=True)}
    found = dict(
        hubspot.execute(
            "select campaign_id, campaign_name from core.dim_campaign "
            "where is_current and channel = 'email'"
        ).fetchall()
    )
    assert found == names
    assert len(found) > 90
    opened = events[events["type"] == "OPEN"]
    by_campaign = Counter(
        each if each in names else "unknown" for each in opened["email_campaign_id"]
    )
    forms = seed("hubspot", "contact_form_submission_data")
    by_campaign["unknown"] += len(forms)
    touches = "from core.fct_campaign_touch group by all"
    assert counted(hubspot, f"select campaign_id, count(*) {touches}") == by_campaign
    assert counted(hubspot, f"select touch_type, count(*) {touches}") == {
        "email_open": len(opened),
        "form": len(forms),
    }


def test_salesforces_leads_and_contacts(salesforce: duckdb.DuckDBPyConnection):
    leads, contacts = seed("salesforce", "sf_lead_data"), seed("salesforce", "sf_contact_data")
    found = salesforce.execute(
        "select lead_id, lead_step, industry, cast(created_at as varchar), is_converted, "
        "cast(converted_at as varchar), converted_contact_id from core.fct_lead"
    ).fetchall()
    (said,) = leads.to_dict("records")
    assert found == [
        (
            said["id"],
            said["status"].lower(),
            said["industry"],
            said["created_date"],
            said["is_converted"] == "TRUE",
            said["converted_date"],
            said["converted_contact_id"],
        )
    ]
    known = salesforce.execute(
        "select record_id, account_id from intermediate.int_prospects "
        "where record_kind = 'contact' order by all"
    ).fetchall()
    people = [*zip(contacts["id"], contacts["account_id"], strict=True)]
    # No row of contacts is the one that the lead became.
    people.append((said["converted_contact_id"], said["converted_account_id"]))
    assert known == sorted((contact, account or None) for contact, account in people)
    assert len({*known}) == 5
