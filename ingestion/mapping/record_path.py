"""Paths to the records of a JSON document, through lists within lists.

Belongs here: reading such a path as a mapping has it. Does not belong here: walking a document
along it (`readers.record_walk`).

`$.results[*].history[*]` has two levels of lists. A record is an item of the innermost one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_STEP = re.compile(
    r'\.(?P<plain>[^."\[\]]+)|\."(?P<quoted>[^"]+)"|\[(?P<index>\d+)\]|(?P<each>\[\*\])'
)

Step = str | int
Steps = tuple[Step, ...]


@dataclass(frozen=True)
class RecordPath:
    """A path of records.

    Args:
        text: The path as it is written.
        levels: The steps to each list, from the document or from the item of the list before.
    """

    text: str
    levels: tuple[Steps, ...]

    @classmethod
    def parsed(cls, text: str) -> RecordPath:
        """Reads a path; `[*]` at its end may be left out, as the end is always a list.

        Raises:
            ValueError: It is no path.
        """
        levels: list[Steps] = []
        steps: list[Step] = []
        position = 1
        is_open = True
        while position < len(text):
            step = _STEP.match(text, position)
            if step is None:
                raise ValueError(
                    "is no path; write it like $.data.items, or $.results[*].history[*] for lists "
                    "within lists"
                )
            position = step.end()
            is_open = step["each"] is None
            if step["each"] is not None:
                levels.append(tuple(steps))
                steps = []
            elif step["index"] is not None:
                steps.append(int(step["index"]))
            else:
                steps.append(step["plain"] or step["quoted"])
        return cls(text, (*levels, tuple(steps)) if is_open else tuple(levels))

    def shown(self, level: int) -> str:
        """Gives the part of the path that leads to the list of a level."""
        parts = ["".join(map(_written, steps)) for steps in self.levels[: level + 1]]
        return "$" + "[*]".join(parts)


def _written(step: Step) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"
