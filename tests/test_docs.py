"""Pages lead where they say."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)]*))?\)")


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").glob("*.md")]


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    # A heading that is a link is named by its text.
    texts = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-") for text in texts}


def test_every_link_leads_to_a_page_and_a_heading():
    lost = []
    for page in pages():
        for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
            if re.match(r"\w+:", target):
                continue
            to = (page.parent / target).resolve() if target else page
            if not to.exists() or (anchor and to.suffix == ".md" and anchor not in anchors(to)):
                lost.append(f"{page.relative_to(ROOT)}: {target}#{anchor}")
    assert len(pages()) > 30
    assert lost == []


def test_every_page_is_in_a_room():
    """Where one learns, does, looks up, or finds out why."""
    rooms = {page.relative_to(ROOT / "docs").parts[0] for page in (ROOT / "docs").rglob("*.md")}
    assert rooms == {"start", "how-to", "reference", "decisions"}
