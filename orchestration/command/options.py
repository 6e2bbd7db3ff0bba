"""Options that several commands share.

Belongs here: their names and help texts. Does not belong here: options of one command.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Home folder; by default $SALESOPS_HOME, else data/."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show what becomes of each file.")
]
