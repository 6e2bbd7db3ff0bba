"""The demo's settings: a company of Tehran gets its own, and no home is made that of two companies."""

from __future__ import annotations

from pathlib import Path

import pytest

import simulation
from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import load_company
from ingestion.home import Home
from orchestration.errors import UsageError
from orchestration.run.demo_nights import DemoLocale, simulate_nights
from simulation.company.locales import ENGLISH, PERSIAN


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home in which simulating takes no time: two empty nights come of it."""

    def simulate(folder: Path, **_: object) -> None:
        for night in ("night_2", "night_1"):
            (folder / "extracts" / night).mkdir(parents=True)

    monkeypatch.setattr(simulation, "simulate", simulate)
    return Home(tmp_path / "home")


def nights(home: Home, locale: DemoLocale) -> list[tuple[str, str]]:
    found = simulate_nights(home, scale=0.05, seed=1, nights=2, locale=locale)
    return [(source.mapping, source.folder.name) for source in found]


def test_a_company_of_tehran_gets_its_settings_and_its_mapping(home: Home):
    assert nights(home, DemoLocale.FA) == [("demo_fa", "night_1"), ("demo_fa", "night_2")]
    company = load_company(home.company_file)
    assert (company.reporting_currency, company.calendar) == ("IRR", "jalali")
    mapping = load_mapping("demo_fa")
    assert {feed.time_zone for feed in mapping.feeds} == {"Asia/Tehran"}
    # Again in the same home is what people do with another seed.
    assert len(nights(home, DemoLocale.FA)) == 2


def test_the_other_one_leaves_the_settings_to_the_user(home: Home):
    assert nights(home, DemoLocale.EN) == [("canonical", "night_1"), ("canonical", "night_2")]
    assert not home.company_file.exists()
    home.company_file.parent.mkdir(parents=True, exist_ok=True)
    home.company_file.write_text("reporting_currency: EUR\n")
    assert len(nights(home, DemoLocale.EN)) == 2
    assert home.company_file.read_text() == "reporting_currency: EUR\n"


@pytest.mark.parametrize(
    ("held", "has_raw", "locale"),
    [
        ("reporting_currency: EUR\n", False, DemoLocale.FA),
        ("", True, DemoLocale.FA),
        (PERSIAN.settings, True, DemoLocale.EN),
    ],
)
def test_no_home_is_made_that_of_two_companies(
    home: Home, held: str, has_raw: bool, locale: DemoLocale
):
    home.root.mkdir()
    if held:
        home.company_file.write_text(held, encoding="utf-8")
    if has_raw:
        home.raw_db.touch()
    with pytest.raises(UsageError, match=f"--home {home.root}-{locale}"):
        nights(home, locale)
    assert (home.company_file.read_text(encoding="utf-8") if held else "") == held
    assert not (home.extracts / "demo").exists()


def test_every_locale_has_a_mapping_that_is_shipped():
    assert {each.value for each in DemoLocale} == {ENGLISH.name, PERSIAN.name}
    for locale in DemoLocale:
        assert load_mapping(locale.mapping).feeds
