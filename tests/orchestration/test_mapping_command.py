"""`salesops mapping check`: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.command.app import app

MAPPING = """\
mapping: shop
source: hr
tables:
  workers:
    files: "people*"
    unmapped: {unmapped}
    columns: {{worker_id: Id, worker_name: Name}}
  compensation:
    files: "people*"
    columns:
      compensation_id: Id
      worker_id: Id
      component: {{constant: base}}
      pay_amount: Pay
      effective_from: Since
"""
PEOPLE = """\
Id,Name,Pay,Since,Shoe
10417,Lena Moor,48250.50,2026-01-01,38
20033,Ídris Ó Dálaigh,51000,2026-01-01,44
"""


@pytest.fixture
def asked(tmp_path: Path):
    """Runs the command over a folder; gives its exit code and what it printed."""
    folder = tmp_path / "extracts"
    folder.mkdir()

    def ask(files: dict[str, str], *more: str, unmapped: str = "report", home: str = "home"):
        (tmp_path / "shop.yml").write_text(MAPPING.format(unmapped=unmapped))
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
        place = ["--extracts", str(folder), "--home", str(tmp_path / home)]
        result = CliRunner().invoke(
            app, ["mapping", "check", str(tmp_path / "shop.yml"), *place, *more]
        )
        return result.exit_code, result.stdout

    return ask


def test_a_file_that_is_fine(asked) -> None:
    code, text = asked({"people.csv": PEOPLE})
    assert code == 0
    assert text.splitlines()[-1] == "A refresh would land 4 rows of 2 records from 1 file."
    assert text.count("people.csv") == 1
    assert text.count("not used: Shoe") == 1


def test_what_one_table_ignores_another_may_report(asked) -> None:
    _, text = asked({"people.csv": PEOPLE}, unmapped="ignore")
    assert "not used: Shoe" in text
    assert "Pay" not in text.partition("not used:")[2]


@pytest.mark.parametrize("secret", ["Moor", "Lena", "48250", "51000", "10417", "Idris", "Ídris"])
def test_of_persons_the_form_alone_is_shown(asked, secret: str) -> None:
    _, text = asked({"people.csv": PEOPLE})
    assert secret not in text
    assert "Aaaa Aaaa" in text
    assert "99999.99" in text


@pytest.mark.parametrize(
    ("files", "verdict"),
    [
        ({"people.csv": PEOPLE[:-1]}, "refuse 1 file of 1 and publish nothing"),
        ({"people.csv": PEOPLE, "people2.csv": "Id,Nom\n1,A\n"}, "refuse 1 file of 2"),
        ({"people.csv": PEOPLE, "pay.csv": "a\n1\n"}, "leave out 1 file that no table takes"),
        ({}, "land 0 of 0 records from 0 files"),
    ],
)
def test_what_a_refresh_would_not_do_is_no_success(asked, files, verdict: str) -> None:
    code, text = asked(files)
    assert code == 3
    assert text.splitlines()[-1].startswith("A refresh would ")
    assert verdict in " ".join(text.splitlines()[-2:])


def test_a_reason_of_two_tables_is_told_once(asked) -> None:
    _, text = asked({"people.csv": PEOPLE[:-1]})
    assert " ".join(text.split()).count("does not end with a line end") == 1


def test_for_machines(asked) -> None:
    code, text = asked({"people.csv": PEOPLE.replace("51000", "much")}, "--json")
    told = json.loads(text)
    assert code == 0
    assert told["verdict"] == "A refresh would land 3 rows of 2 records from 1 file, set 1 aside."
    assert told["problems"] == []
    assert [file["set_aside"] for file in told["files"]] == [0, 1]


def test_the_company_of_the_home_is_the_one_that_counts(asked, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "company.yml").write_text("calendar_start: 1899-01-01\n")
    code, _ = asked({"people.csv": PEOPLE})
    assert code == 2
