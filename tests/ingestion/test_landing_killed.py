"""A landing that is killed leaves raw as it was before an extract, or after it: never between."""

import subprocess
import sys
import time

import pytest

RECORDS = 100_000
LAND = """
import sys
from datetime import date
from pathlib import Path
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home
from ingestion.landing.run import land
from ingestion.checking.mappings import load_mapping

home, mapping, folder, run_id = sys.argv[1:]
sources = [(load_mapping(mapping), Path(folder))]
print("ready", flush=True)
# As those of the fixture: what another calendar took would be read again.
year = {"calendar_start": date(2026, 1, 1), "calendar_end": date(2026, 12, 31)}
land(Home(Path(home)), sources, load_contracts(), run_id, CompanySettings(**year))
print("done", flush=True)
"""


def kill_after(case, seconds: float) -> bool:
    """Lands in a process of its own and kills it; gives whether it was done before that."""
    run_id = f"killed-after-{seconds}"
    arguments = [case.home.root, case.mapping_file, case.folder, run_id]
    command = [sys.executable, "-c", LAND, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.kill()
        return "done" in process.stdout.read()


@pytest.mark.slow
def test_killed_landing_leaves_whole_extracts_only(case):
    case.map(
        '  products: {files: "*.csv", columns: same}',
        'extracted_at: {pattern: "(?P<time>[0-9-]{10})"}',
    )
    case.land()
    for night in (1, 2):
        rows = "".join(f"{i},Product {i} of night {night},{i}\n" for i in range(RECORDS))
        # The last record is set aside, so that quarantine is written in the same transaction.
        content = f"product_id,product_name,list_price\n{rows}x,X,?\n"
        case.write(f"2026-01-0{night}.csv", content)
    seconds = 0.4
    while not kill_after(case, seconds):
        seconds += 0.4
        versions = case.query("select count(*) from crm.products")[0][0]
        landed = case.query(
            "select records, accepted, quarantined from landing.files where status = 'landed'"
        )
        quarantined = case.query("select count(*) from landing.quarantine")[0][0]
        extracts = case.query("select count(*) from landing.extracts")[0][0]
        assert versions == RECORDS * extracts
        assert landed == [(RECORDS + 1, RECORDS, 1)] * extracts
        assert quarantined == extracts
    assert [file.status for file in case.land().files] == ["unchanged", "unchanged"]
    assert case.query("select count(*) from crm.products") == [(2 * RECORDS,)]
