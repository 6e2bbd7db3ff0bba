"""Rolling back: an earlier version comes into force again.

Belongs here: choosing the version. Does not belong here: how it comes into force (`current`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ingestion.home import Home
from orchestration.errors import PublicationError, UsageError
from orchestration.publication.current import current_version, swap_in
from orchestration.publication.disk import machine_faults_explained
from orchestration.publication.manifest import Manifest, read_manifest
from orchestration.publication.places import version_named, versions_folder
from orchestration.publication.sweeping import remove_leftovers
from orchestration.publication.versions import Fault, Kept, Survey, faults_of, survey

logger = logging.getLogger("salesops.publication")


def rollback(home: Home, version: str | None = None) -> Manifest:
    """Swaps an earlier version back in.

    Args:
        home: The home folder; the caller has its lock.
        version: The version; by default the newest whole one that was published before the one
            in force.

    Raises:
        UsageError: There is no such version.
        PublicationError: The version is damaged, or the disk cannot be written. The version in
            force stays.
    """
    with machine_faults_explained(home.published):
        remove_leftovers(home)
        found = survey(home)
        chosen = _named(found, version) if version else _before_current(home, found)
        swap_in(home, chosen.places)
    _look_after(home)
    logger.info("Swapped version %s back in", chosen.manifest.version)
    return chosen.manifest


def _look_after(home: Home) -> None:
    """Does what can wait: the version is in force, whatever becomes of this."""
    try:
        remove_leftovers(home)
    except OSError as error:
        logger.warning("Leftovers could not be removed (%s: %s)", error.filename, error.strerror)


def _named(found: Survey, version: str) -> Kept:
    faults = [fault for fault in found.damaged if fault.version == version]
    chosen = next((kept for kept in found.kept if kept.manifest.version == version), None)
    if chosen:
        faults = faults_of(chosen.places)
    elif not faults:
        raise UsageError(f"there is no version '{version}'; {_what_there_is(found)}")
    if chosen is None or faults:
        raise PublicationError(
            f"version {version} is damaged and was not swapped in: {_listed(faults)}; "
            f"{_what_there_is(found, faults)}"
        )
    return chosen


def _before_current(home: Home, found: Survey) -> Kept:
    faults = list(found.damaged)
    for candidate in _candidates(home, found):
        wrong = faults_of(candidate.places)
        if not wrong:
            return candidate
        logger.warning("Passing over version %s: %s", candidate.manifest.version, _listed(wrong))
        faults += wrong
    current = current_version(home)
    message = (
        f"there is no version before {current or 'the first'} in {versions_folder(home)} to swap "
        f"in; {_what_there_is(found, faults)}"
    )
    if faults:
        raise PublicationError(f"{message}. Damaged are: {_listed(faults)}")
    raise UsageError(message)


def _candidates(home: Home, found: Survey) -> Sequence[Kept]:
    """Gives the versions published before the one in force, the newest first.

    Where the one in force does not say when it was published, all others.
    """
    current = current_version(home)
    if current is None:
        return found.kept
    try:
        place = read_manifest(version_named(home, current)).place
    except (OSError, ValueError):
        return [kept for kept in found.kept if kept.manifest.version != current]
    return [kept for kept in found.kept if kept.manifest.place < place]


def _what_there_is(found: Survey, faults: Sequence[Fault] = ()) -> str:
    damaged = {fault.version for fault in faults}
    names = [k.manifest.version for k in found.kept if k.manifest.version not in damaged]
    return f"whole are: {', '.join(names) or 'none'}"


def _listed(faults: Sequence[Fault]) -> str:
    return "; ".join(map(str, faults))
