"""The demo: the simulated company's extracts, night by night.

Belongs here: putting the simulator's extracts and settings where a refresh finds them.
Does not belong here: the simulation itself (`simulation`) and refreshing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestration.errors import UsageError

if TYPE_CHECKING:
    from ingestion.home import Home
    from orchestration.run.sources import Source


class DemoLocale(StrEnum):
    """Where the demo company works."""

    EN = "en"
    FA = "fa"

    @property
    def mapping(self) -> str:
        """The mapping that reads what its systems export."""
        return {DemoLocale.EN: "canonical", DemoLocale.FA: "demo_fa"}[self]


def simulate_nights(
    home: Home, scale: float, seed: int, nights: int, locale: DemoLocale = DemoLocale.EN
) -> Iterator[Source]:
    """Simulates a company and gives one source per night, in order.

    Args:
        home: The home; extracts go to `extracts/demo`, and a former demo there is replaced.
        scale: Size of the company; 1 is 20,000 deals.
        seed: Seed of its random numbers.
        nights: How many nights.
        locale: Where the company works. One that needs settings gets them as `company.yml`.

    Raises:
        UsageError: The home is one of another company.
    """
    from orchestration.run.sources import Source
    from simulation import simulate

    _settle(home, locale)
    folder = home.extracts / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    simulate(folder, scale=scale, seed=seed, nights=nights, locale=locale.value)
    for night in sorted((folder / "extracts").iterdir()):
        yield Source(locale.mapping, night)


def _settle(home: Home, locale: DemoLocale) -> None:
    """Gives the home the company's settings, unless it is another company's."""
    from simulation.company.locales import LOCALES

    file, needed = home.company_file, LOCALES[locale.value].settings
    held = file.read_text(encoding="utf-8") if file.exists() else ""
    if held == needed:
        return
    # A demo that needs no settings takes those that a person has written, as it always did.
    of_another_demo = held in {each.settings for each in LOCALES.values() if each.settings}
    if not needed and not of_another_demo:
        return
    if held or home.raw_db.exists():
        raise UsageError(
            f"{home.root} is the home of another company, whose "
            f"{'settings' if held else 'extracts'} would be mixed with this demo's; name an empty "
            f"folder, such as --home {home.root}-{locale}"
        )
    home.root.mkdir(parents=True, exist_ok=True)
    file.write_text(needed, encoding="utf-8")
