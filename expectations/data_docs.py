"""The Data Docs of Great Expectations: a page that names each check of some tables.

Belongs here: rendering. Does not belong here: verdicts that count (`runner`), and when a page is
written (`gates`). Import this module late: the library takes seconds.

A page needs stored suites with an expectation per check, which a gate does without. So the checks
of the tables to be shown are run again for it; the page shows counts, never a row.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from expectations.check import Check
from expectations.library import gx
from expectations.results import GateName
from expectations.runner import (
    add_source,
    closing_connections,
    new_context,
    quiet,
    severity_of,
)
from expectations.statements import TableChecks
from expectations.stores import Stores
from expectations.table_expectation import ExpectChecksToFindNothing
from ingestion.home import Home

_SITE = "gate"
_STATIC = "static"


def write_data_docs(
    gate: GateName, tables: Sequence[TableChecks], stores: Stores, folder: Path, home: Home
) -> Path:
    """Runs checks one by one and writes what they find as a static site.

    Args:
        gate: The gate.
        tables: The tables to show, with all their checks.
        stores: The files to read.
        folder: Where the site goes; made anew. It must be within the home.
        home: Keeps the styles, fonts and images of all its sites once.

    Returns:
        The first page.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with quiet(), closing_connections():
        context = new_context()
        context.add_data_docs_site(_SITE, _site(folder))
        source = add_source(context, gate, stores)
        definitions = [_definition(context, source, gate, table) for table in tables]
        checkpoint = context.checkpoints.add(
            gx.Checkpoint(
                name=f"{gate} gate", validation_definitions=definitions, result_format="SUMMARY"
            )
        )
        checkpoint.run()
        context.build_data_docs(site_names=[_SITE])
    _share_static_files(folder, home)
    return folder / "index.html"


def _definition(context: Any, source: Any, gate: GateName, table: TableChecks) -> Any:
    """Makes the suite of one table and what it is validated against."""
    name = f"{gate} gate: {table.table}"
    asset = source.add_query_asset(name=table.table, query=f"select * from {table.rows} as checked")
    # Given at once, because each expectation added to a stored suite stores all of it again.
    suite = context.suites.add(
        gx.ExpectationSuite(
            name=name, expectations=[_expectation(table, check) for check in table.checks]
        )
    )
    return context.validation_definitions.add(
        gx.ValidationDefinition(
            name=name, data=asset.add_batch_definition("checked rows"), suite=suite
        )
    )


def _expectation(table: TableChecks, check: Check) -> ExpectChecksToFindNothing:
    return ExpectChecksToFindNothing(
        statement=table.counting_alone(check),
        check_names=[check.name],
        description=f"{check.name}: there are no {check.meaning}",
        severity=severity_of([check]),
    )


def _share_static_files(folder: Path, home: Home) -> None:
    """Lets a site refer to the home's one copy of the files that are the same in every site."""
    own = folder / _STATIC
    shared = home.root / "docs" / f"{_STATIC}-{gx.__version__}"
    if not shared.exists():
        shared.parent.mkdir(exist_ok=True)
        own.rename(shared)
    else:
        shutil.rmtree(own)
    own.symlink_to(os.path.relpath(shared, folder), target_is_directory=True)


def _site(folder: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(folder),
        },
    }
