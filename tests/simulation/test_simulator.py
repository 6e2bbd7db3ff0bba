"""The demo company is what it claims to be, read back from its files by the simplest means."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from simulation import simulate


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    simulate(folder, scale=0.2, seed=11, nights=3)
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_one_seed_gives_the_same_files_and_another_gives_others(tmp_path: Path):
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        simulate(tmp_path / name, scale=0.05, seed=seed, nights=2)
    one, same, other = (contents(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert one.keys() == other.keys()
    assert (
        one["extracts/night_2026-01-05/opportunities.csv"]
        != (other["extracts/night_2026-01-05/opportunities.csv"])
    )


@pytest.mark.parametrize(
    ("arguments", "what"),
    [({"scale": 0.01}, "scale"), ({"nights": 0}, "nights"), ({"seed": -1}, "seed")],
)
def test_what_is_out_of_range_is_said(tmp_path: Path, arguments: dict, what: str):
    with pytest.raises(ValueError, match=what):
        simulate(tmp_path, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_every_record_of_a_file_is_in_the_counts(company: Path):
    counts = json.loads((company / "expected" / "row_counts.json").read_text())
    files = set(company.glob("extracts/*/*.csv"))
    assert len(counts) == len(files)
    for count in counts:
        path = company / "extracts" / f"night_{count['night']}" / count["file"]
        with path.open(newline="") as file:
            records = sum(1 for _ in csv.reader(file)) - 1
        assert records == count["records"]
        assert records == (
            count["accepted"] + count["unchanged"] + sum(count["quarantined"].values())
        )


def test_defects_stand_at_their_lines(company: Path):
    defects = read(company / "expected" / "defects.csv")
    assert {d["reason"] for d in defects} == {
        "cast_failed", "required_missing", "out_of_range", "not_in_enum", "would_round",
        "pattern_mismatch", "ragged_row", "conflicting_rows", "before_start",
    }  # fmt: skip
    for defect in defects:
        path = company / "extracts" / f"night_{defect['night']}" / defect["file"]
        lines = path.read_text().split("\n")
        header, line = next(csv.reader(lines)), lines[int(defect["line"]) - 1]
        values = next(csv.reader([line]))
        if defect["reason"] == "ragged_row":
            assert len(values) != len(header)
            continue
        assert len(values) == len(header)
        value = values[header.index(defect["column"])] if defect["column"] else None
        if defect["reason"] == "required_missing":
            assert value == ""
        elif defect["reason"] == "conflicting_rows":
            key = defect["key"].split("|")[0]
            assert sum(text.startswith(f"{key},") for text in lines) >= 2
        else:
            assert value


def test_it_looks_like_a_company(company: Path):
    deals = [
        row
        for row in read(company / "expected" / "deals.csv")
        if row["closed_date"] and row["is_excluded"] == "False"
    ]
    won = [row for row in deals if row["stage_id"] == "won"]
    assert 0.15 < len(won) / len(deals) < 0.60
    # More is decided in the last month of a quarter than in either of the others.
    by_month = Counter(int(row["closed_date"][5:7]) % 3 for row in deals)
    assert by_month[0] > max(by_month[1], by_month[2])
    # A heavy tail: a tenth of the accounts that bought anything make most of the deals.
    first_night = company / "extracts" / "night_2026-01-05" / "opportunities.csv"
    per_account = Counter(row["account_id"] for row in read(first_night) if row["account_id"])
    largest = sorted(per_account.values(), reverse=True)
    assert sum(largest[: len(largest) // 10]) > 0.35 * sum(largest)
    # Log-normal amounts: the mean is far above the median.
    values = sorted(float(row["opportunity_value"]) for row in won if row["opportunity_value"])
    assert sum(values) / len(values) > 1.3 * values[len(values) // 2]
    currencies = {row["currency_code"] for row in deals}
    assert len(currencies) >= 3


def test_nights_bring_changes_and_reopened_deals(company: Path):
    nights = sorted((company / "extracts").iterdir())
    before = {row["opportunity_id"]: row for row in read(nights[0] / "opportunities.csv")}
    changed = Counter()
    for row in read(nights[1] / "opportunities.delta.csv"):
        earlier = before.get(row["opportunity_id"])
        if earlier is None:
            changed["new"] += 1
            continue
        was_closed = earlier["stage_id"] in ("won", "lost")
        is_closed = row["stage_id"] in ("won", "lost")
        changed["closed"] += is_closed and not was_closed
        changed["reopened"] += was_closed and not is_closed
        changed["pushed"] += row["expected_close_date"] > earlier["expected_close_date"] > ""
        changed["other owner"] += row["owner_id"] != earlier["owner_id"]
    assert all(changed[kind] for kind in ("new", "closed", "reopened", "pushed", "other owner"))
