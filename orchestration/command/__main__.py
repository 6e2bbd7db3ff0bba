"""`python -m orchestration.command` is the `salesops` command."""

from orchestration.command.app import main

main()
