"""Versions kept: which there are, in the order of their publication, and whether they are whole.

Belongs here: comparing manifests with files. Does not belong here: changing either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ingestion.home import Home
from orchestration.errors import UsageError
from orchestration.publication.current import current_version, names_astray
from orchestration.publication.disk import file_entry
from orchestration.publication.manifest import FileEntry, Manifest, read_manifest
from orchestration.publication.places import (
    MANIFEST_FILE,
    MARTS_FILE,
    RESTRICTED_FILE,
    Version,
    version_named,
    versions_folder,
)

_MISSING = "is missing"


class Fault(BaseModel):
    """What is wrong with a file of a version.

    Attributes:
        file: Its path below `published/`.
        problem: What is wrong with it, as the rest of a sentence that begins with the file.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    file: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file} {self.problem}"


class VersionCheck(BaseModel):
    """What looking at every byte of a version has shown.

    Attributes:
        files: How many files were looked at.
        has_hashes: Whether the manifest says what the files must be; one from before it did tells
            only the size of the database.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    is_current: bool
    files: int
    has_hashes: bool
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Kept:
    """A version whose files are all there."""

    places: Version
    manifest: Manifest


@dataclass(frozen=True)
class Survey:
    """All versions of a home, looked at from outside.

    Attributes:
        kept: Those whose files are there with the right sizes, the newest publication first.
        damaged: The faults of all others.
    """

    kept: tuple[Kept, ...]
    damaged: tuple[Fault, ...]


def list_versions(home: Home) -> list[Manifest]:
    """Gives the versions kept, the newest publication first."""
    return [kept.manifest for kept in survey(home).kept]


def damaged_versions(home: Home) -> list[Fault]:
    """Gives what is wrong with versions that therefore are none, as far as sizes show it."""
    return list(survey(home).damaged)


def is_available(home: Home, version: str) -> bool:
    """Tells whether a version is kept and BI has something to read, byte by byte."""
    current = current_version(home)
    if current is None or names_astray(home):
        return False
    return all(_is_whole(version_named(home, name)) for name in {version, current})


def verify(home: Home, version: str | None = None) -> list[VersionCheck]:
    """Reads every file of the versions kept and compares it with its manifest.

    Args:
        home: The home folder.
        version: The version to look at; by default all.

    Raises:
        UsageError: There is no such version.
    """
    found = [v for v in _published(home) if version in (None, v.name)]
    if version is not None and not found:
        names = ", ".join(v.name for v in _published(home)) or "none"
        raise UsageError(f"there is no version '{version}'; versions kept: {names}")
    current = current_version(home)
    return [_check(home, places, places.name == current) for places in found]


def survey(home: Home) -> Survey:
    """Looks at all versions: manifests and sizes of files."""
    kept, damaged = [], []
    for places in _published(home):
        manifest, faults = _read(places)
        if manifest is not None:
            faults = list(_wrong_sizes(places, manifest))
        if manifest is None or faults:
            damaged.extend(faults)
        else:
            kept.append(Kept(places, manifest))
    return Survey(tuple(sorted(kept, key=_place, reverse=True)), tuple(damaged))


def faults_of(places: Version) -> list[Fault]:
    """Reads every file of one version and compares it with the manifest."""
    manifest, faults = _read(places)
    if manifest is None:
        return faults
    return list(_wrong_sizes(places, manifest)) or list(_wrong_contents(places, manifest))


def was_published(home: Home, places: Version) -> bool:
    """Tells whether a version has ever been in force.

    One that has not is left by a publication that was killed before its last step.
    """
    if places.mark.exists() or places.name == current_version(home):
        return True
    manifest, _ = _read(places)
    # Before there was a sequence, there was no mark either.
    return manifest is None or manifest.sequence is None


def _is_whole(places: Version) -> bool:
    return not faults_of(places)


def _place(kept: Kept) -> tuple[int, str]:
    return kept.manifest.place


def _published(home: Home) -> list[Version]:
    folders = sorted(versions_folder(home).glob("[!.]*"))
    return [v for v in map(Version, folders) if v.folder.is_dir() and was_published(home, v)]


def _check(home: Home, places: Version, is_current: bool) -> VersionCheck:
    faults = faults_of(places)
    if is_current:
        faults += [
            Fault(
                version=places.name,
                file=name.name,
                problem="does not lead through `current`; the next publication or rollback "
                "puts it right",
            )
            for name in names_astray(home)
        ]
    manifest, _ = _read(places)
    return VersionCheck(
        version=places.name,
        is_current=is_current,
        files=len(list(places.files())),
        has_hashes=bool(manifest and manifest.files),
        faults=tuple(faults),
    )


def _read(places: Version) -> tuple[Manifest | None, list[Fault]]:
    try:
        return read_manifest(places), []
    except FileNotFoundError:
        problem = _MISSING
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    except ValueError as error:
        problem = f"is damaged ({error})"
    remedy = f", so nothing is known of this version; delete {places.folder}, or restore the file"
    return None, [_fault(places, MANIFEST_FILE, problem + remedy)]


def _wrong_sizes(places: Version, manifest: Manifest) -> Iterator[Fault]:
    for file, expected in _expected_sizes(manifest):
        try:
            size = (places.folder / file).stat().st_size
        except OSError as error:
            is_gone = isinstance(error, FileNotFoundError)
            yield _fault(places, file, _MISSING if is_gone else f"cannot be read ({error})")
            continue
        if size != expected:
            yield _fault(places, file, f"has {size} bytes instead of {expected}")


def _expected_sizes(manifest: Manifest) -> Iterable[tuple[str, int]]:
    if manifest.files:
        return [(file, entry.size_bytes) for file, entry in manifest.files.items()]
    return [(MARTS_FILE, manifest.size_bytes)]


def _wrong_contents(places: Version, manifest: Manifest) -> Iterator[Fault]:
    if not manifest.files and manifest.restricted_tables and not places.restricted.exists():
        yield _fault(places, RESTRICTED_FILE, _MISSING)
    for file, expected in manifest.files.items():
        if problem := _wrong_content(places.folder / file, expected):
            yield _fault(places, file, problem)


def _wrong_content(path: Path, expected: FileEntry) -> str | None:
    try:
        found = file_entry(path)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if found == expected else "is not what was published (its SHA-256 differs)"


def _fault(places: Version, file: str, problem: str) -> Fault:
    path = Path(places.folder.parent.name) / places.name / file
    return Fault(version=places.name, file=str(path), problem=problem)
