"""Contracts: what the shipped ones say, and what is refused, with file and line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.contracts.contract_files import load_contracts
from ingestion.errors import ContractError

GOOD = """\
apiVersion: v3.1.0
kind: DataContract
id: crm
name: crm
version: 1.0.0
status: active
description:
  purpose: A small one.
schema:
  - name: teams
    description: One row per team.
    properties:
      - {name: team_id, logicalType: string, required: true, primaryKey: true, description: Id.}
      - name: target
        logicalType: number
        physicalType: decimal(18,2)
        logicalTypeOptions: {minimum: 0, maximum: 10}
        description: Target.
  - name: users
    description: One row per user.
    properties:
      - {name: user_id, logicalType: string, required: true, primaryKey: true, description: Id.}
      - name: team_id
        logicalType: string
        description: Team.
        relationships: [{to: teams.team_id}]
"""
# Changes of GOOD: (what is there, what stands instead, line of the error, part of its message).
WRONG = {
    "unknown key": ("status: active", "status: active\nowner: me", 7, "unknown key 'owner'"),
    "misspelt key": (
        "logicalTypeOptions: {minimum: 0",
        "logicalTypeOptions: {minimun: 0",
        17,
        "unknown key 'minimun' (did you mean 'minimum'?)",
    ),
    "missing key": ("status: active\n", "", 1, "the key 'status' is missing"),
    "not YAML": ("schema:", "schema: [", 10, "this is not YAML"),
    "key twice": ("status: active", "status: active\nstatus: draft", 7, "stands here twice"),
    "wrong kind": ("kind: DataContract", "kind: Table", 2, "'kind'"),
    "old vocabulary": ("v3.1.0", "v2.2.2", 1, "'apiVersion'"),
    "other file name": ("id: crm", "id: hr", 3, "'hr' must be the file's name crm"),
    "unknown type": ("logicalType: number", "logicalType: money", 15, "'logicalType'"),
    "text for a flag": ("required: true, p", "required: 'yes', p", 13, "'required'"),
    "no description": (", description: Id.}", "}", 13, "the key 'description' is missing"),
    "table twice": ("- name: users", "- name: teams", 19, "'teams' is declared twice"),
    "column twice": (
        "- name: target",
        "- name: team_id",
        14,
        "'teams.team_id' is declared twice",
    ),
    "capital letters": ("name: target", "name: Target", 14, "'name'"),
    "no key": ("primaryKey: true, ", "", 10, "'teams' has no key"),
    "optional key": ("required: true, ", "", 13, "a key must also be required"),
    "number without size": (
        "        physicalType: decimal(18,2)\n",
        "",
        14,
        "a number needs its size",
    ),
    "impossible size": ("decimal(18,2)", "decimal(4,6)", 14, "does not exist"),
    "unreadable size": ("decimal(18,2)", "numeric", 14, "must read like decimal(18,2)"),
    "size of a text": (
        "logicalType: string\n",
        "logicalType: string\n        physicalType: varchar\n",
        23,
        "physicalType is only for logicalType: number",
    ),
    "enum of a number": ("{minimum: 0, ", "{enum: [a], ", 14, "only for logicalType: string"),
    "empty enum": ("{minimum: 0, ", "{enum: [], ", 17, "'enum'"),
    "limits crossed": ("minimum: 0", "minimum: 11", 14, "minimum 11 is above maximum 10"),
    "limit that is no number": ("minimum: 0", "minimum: low", 17, "'minimum'"),
    "reference to no table": (
        "to: teams.team_id",
        "to: team.team_id",
        23,
        "which crm does not have (did you mean 'teams'?)",
    ),
    "reference to no column": (
        "to: teams.team_id",
        "to: teams.id",
        23,
        "'teams.id', which does not exist",
    ),
    "reference to another type": (
        "to: teams.team_id",
        "to: teams.target",
        23,
        "is a string, but 'teams.target', which it refers to, is a number",
    ),
    "reference without column": ("to: teams.team_id", "to: teams", 26, "'to'"),
    "unknown class": (
        "description: Team.",
        "classification: secret\n        description: Team.",
        25,
        "'classification'",
    ),
}


def test_the_good_one(tmp_path: Path) -> None:
    (tmp_path / "crm.yml").write_text(GOOD, encoding="utf-8")
    contracts = load_contracts(tmp_path)
    target = contracts.table("crm", "teams").column("target")
    assert target.sql_type == "decimal(18,2)"
    assert (target.minimum, target.maximum) == (Decimal(0), Decimal(10))
    team = contracts.table("crm", "users").column("team_id")
    assert team.references == ("teams", "team_id")
    assert (team.required, team.max_length, team.is_prefixed_id) == (False, 65535, True)
    assert contracts.sources() == ("crm",)


@pytest.mark.parametrize("case", WRONG)
def test_wrong_contract_names_file_and_line(case: str, tmp_path: Path) -> None:
    old, new, line, message = WRONG[case]
    assert old in GOOD, "the case changes nothing"
    path = tmp_path / "crm.yml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path)
    first = caught.value.message.splitlines()[0]
    assert first.startswith(f"{path}:{line}: ")
    assert message in first


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("status: active", "status: active\nowner: me").replace("number", "money")
    (tmp_path / "crm.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path)
    assert len(caught.value.message.splitlines()) == 2


def test_folder_without_contracts(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no contract"):
        load_contracts(tmp_path)


def test_shipped_contracts_have_the_tables_of_a_crm() -> None:
    contracts = load_contracts()
    names = {table.name for table in contracts.tables("crm")}
    assert names == {
        "users", "teams", "branches", "territories", "accounts", "products", "stages",
        "opportunities", "opportunity_line_items", "fx_rates", "person_crosswalk",
        "opportunity_field_history", "opportunity_stage_history", "opportunity_snapshots",
        "forecast_submissions", "quotas", "activities", "lead_statuses", "leads",
        "lead_status_history", "contacts", "opportunity_contacts", "campaigns", "campaign_costs",
        "campaign_members", "touches",
    }  # fmt: skip
    opportunities = contracts.table("crm", "opportunities")
    assert opportunities.key == ("opportunity_id",)
    assert opportunities.full_name == "crm.opportunities"
    assert opportunities.column("amount").sql_type == "decimal(18,2)"
    assert contracts.table("crm", "fx_rates").key == ("rate_date", "from_currency", "to_currency")


def test_values_of_field_history_are_typed_by_the_field() -> None:
    new_value = load_contracts().table("crm", "opportunity_field_history").column("new_value")
    assert new_value.typed_by is not None
    assert new_value.typed_by.selector == "field_name"
    types = {column.name: column.sql_type for column in new_value.typed_by.columns}
    assert types["amount"] == "decimal(18,2)"
    assert types["expected_close_date"] == "date"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("{notBefore: start}", "'start', which does not exist"),
        ("{notBefore: target}", "of another type"),
        ("{typedBy: {selector: team_id, table: teams}}", "needs a column with an enum"),
        ("{typedBy: {selector: kind, table: groups}}", "'groups', which crm does not have"),
        ("{typedBy: {selector: kind, table: users}}", "'target', no column of users"),
    ],
)
def test_rules_about_other_columns_of_the_row(tmp_path: Path, options: str, message: str) -> None:
    text = GOOD.replace(
        "  - name: users\n",
        "      - {name: kind, logicalType: string, logicalTypeOptions: {enum: [target]}, "
        "description: Kind.}\n"
        f"      - {{name: given, logicalType: string, logicalTypeOptions: {options}, "
        "description: Given.}\n"
        "  - name: users\n",
    )
    (tmp_path / "crm.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=message):
        load_contracts(tmp_path)


PART = "      - {name: part, logicalType: string, primaryKey: true, description: Part, logicalTypeOptions: {default: ''}}\n"


def with_parts(folder: Path, parts: str) -> Path:
    (folder / "crm.yml").write_text(GOOD.replace("  - name: users\n", parts + "  - name: users\n"))
    return folder


def test_a_part_of_a_key_has_a_default_where_it_is_not_given(tmp_path: Path) -> None:
    table = load_contracts(with_parts(tmp_path, PART)).table("crm", "teams")
    assert table.key == ("team_id", "part")
    assert [column.default for column in table.columns] == [None, None, ""]
    # Extracts are known by it, and no other column is to be read anew.
    assert "default" not in table.model_dump_json()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            PART.replace("primaryKey: true, ", ""),
            "default is only for a key of logicalType: string",
        ),
        (PART.replace("primaryKey", "required: true, primaryKey"), "that is not required"),
        (PART.replace("logicalType: string", "logicalType: integer"), "default is only for a key"),
        (PART.replace("default: ''", "default: none"), "'default'"),
        (PART + PART.replace("name: part", "name: half"), "has two columns with a default"),
    ],
)
def test_a_default_must_be_told_from_every_value(tmp_path: Path, parts: str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        load_contracts(with_parts(tmp_path, parts))


def test_personal_columns_are_marked() -> None:
    users = load_contracts().table("crm", "users")
    masked = {column.name for column in users.columns if column.is_masked}
    assert masked == {"email", "employee_number"}


def test_unknown_names_are_met_with_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean 'opportunities'"):
        load_contracts().table("crm", "oportunities")
    with pytest.raises(KeyError, match="did you mean 'amount'"):
        load_contracts().table("crm", "opportunities").column("amuont")
