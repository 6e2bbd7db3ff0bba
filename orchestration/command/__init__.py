"""The `salesops` command: one module a command.

Belongs here: options, exit codes, and what is printed where. Does not belong here: any work.
Commands import what they need when they run, so that help and a refused lock come at once.
"""
