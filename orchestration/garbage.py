"""How often Python looks for objects that refer to one another and that nothing else refers to.

Belongs here: that, for processes that live for one command. Does not belong here: objects that
nothing refers to at all; they go at once, as ever.

Each look walks over all that Dagster, dbt and Great Expectations have loaded. As often as Python
looks by itself, and once more when it ends, that was a fifth of the time a night spent in Python.
"""

import atexit
import gc

_NEW_OBJECTS = 1_000_000


def collect_seldom() -> None:
    """Has this process look after a million new objects instead of 700, and not when it ends."""
    _, *older = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *older)
    atexit.register(gc.freeze)
