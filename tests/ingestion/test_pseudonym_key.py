"""The key of pseudonyms: a lost or another one is refused, since it would rename everybody."""

import shutil

import duckdb
import pytest

from ingestion.company.pseudonyms import key_id, pseudonym_key
from ingestion.errors import LandingError
from ingestion.home import Home

OTHER = "0123456789abcdef" * 4


@pytest.fixture
def landed(case):
    case.map("  products: {files: products.csv, columns: same}")
    case.write("products.csv", "product_id,product_name\n1,A\n")
    case.land()
    return case


def known(case) -> str:
    return case.query("select key_id from company.pseudonym_key")[0][0]


def test_the_first_landing_makes_a_key_and_the_next_ones_keep_it(landed):
    first = known(landed)
    landed.land()
    assert known(landed) == first == key_id(pseudonym_key(landed.home))


def lose_the_file(case, _):
    case.home.pseudonym_key_file.unlink()


def write_another(case, _):
    case.home.pseudonym_key_file.write_text(OTHER)


def name_another(_, monkeypatch):
    monkeypatch.setenv("SALESOPS_PSEUDONYM_KEY", OTHER)


@pytest.mark.parametrize("change", [lose_the_file, write_another, name_another])
def test_a_lost_or_another_key_is_refused_with_what_to_do(landed, monkeypatch, change):
    before = known(landed)
    change(landed, monkeypatch)
    landed.write("products.csv", "product_id,product_name\n1,B\n")
    with pytest.raises(LandingError) as caught:
        landed.land()
    message = caught.value.message
    assert before in message
    assert "backup" in message
    assert "SALESOPS_PSEUDONYM_KEY" in message
    assert OTHER not in message
    # Nothing has changed: neither raw nor a new key that the next refresh would take for good.
    assert known(landed) == before
    assert landed.state("product_name") == [("A",)]
    if change is lose_the_file:
        assert not landed.home.pseudonym_key_file.exists()


def test_a_key_of_the_environment_that_is_forgotten_is_refused(case, monkeypatch):
    monkeypatch.setenv("SALESOPS_PSEUDONYM_KEY", OTHER)
    case.map("  products: {files: products.csv, columns: same}")
    case.write("products.csv", "product_id,product_name\n1,A\n")
    case.land()
    monkeypatch.delenv("SALESOPS_PSEUDONYM_KEY")
    with pytest.raises(LandingError, match="SALESOPS_PSEUDONYM_KEY is not set"):
        case.land()


def test_another_key_can_be_meant(landed, monkeypatch):
    landed.home.pseudonym_key_file.write_text(OTHER)
    monkeypatch.setenv("SALESOPS_ACCEPT_PSEUDONYM_KEY", key_id(OTHER.encode()))
    landed.land()
    assert known(landed) == key_id(OTHER.encode())
    # From then on it is the key that is known.
    monkeypatch.delenv("SALESOPS_ACCEPT_PSEUDONYM_KEY")
    landed.land()


@pytest.mark.parametrize("accepted", ["yes", "1", key_id(b"some third key")])
def test_only_the_key_that_is_there_can_be_accepted(landed, monkeypatch, accepted):
    landed.home.pseudonym_key_file.write_text(OTHER)
    monkeypatch.setenv("SALESOPS_ACCEPT_PSEUDONYM_KEY", accepted)
    with pytest.raises(LandingError):
        landed.land()


def test_raw_from_before_keys_takes_the_first_one(landed):
    with duckdb.connect(str(landed.home.raw_db)) as connection:
        connection.execute("drop table company.pseudonym_key")
    landed.home.pseudonym_key_file.unlink()
    landed.land()
    assert known(landed) == key_id(pseudonym_key(landed.home))


def test_a_home_moved_with_its_key_is_the_same_home(landed, tmp_path):
    shutil.copytree(landed.home.root, tmp_path / "moved")
    moved = Home(tmp_path / "moved")
    assert key_id(pseudonym_key(moved, known(landed))) == known(landed)
