"""What of a name, a company, an address or a telephone number says who somebody is, as SQL.

Belongs here: one spelling for all that people write for the same. Does not belong here: how alike
two spellings are (`scoring`).

The expressions call `normalised_sql`, so a connection needs `add_normalization`.
"""

from __future__ import annotations

from ingestion.mapping.normalization import normalised_sql
from ingestion.mapping.schema import NormalizeStep
from ingestion.text.scripts import HALF_SPACE
from ingestion.text.sql_text import literal

# Longer cells are no names. Alike as they may be, comparing them takes time that grows with the
# square of their length.
LONGEST = 200
_STEPS: tuple[NormalizeStep, ...] = (
    "zwnj",
    "tatweel",
    "nfkc",
    "arabic_yeh_kaf",
    "digits",
    "case",
    "spaces",
)
# Letters that one keyboard, or one writer, has and another has not.
_LETTERS = ("أإآٱةؤئۀ", "اااا" + "هویه")
_TITLES = "mr|mrs|ms|miss|dr|prof|eng|herr|frau|اقای|خانم|دکتر|مهندس|جناب|سرکار"
_LEGAL_FORMS = (
    "inc|incorporated|llc|llp|ltd|limited|plc|co|corp|corporation|company|gmbh|ag|kg|sa|sas|sarl|"
    "srl|spa|bv|nv|oy|ab|as|pty|pvt|شرکت|سهامی|خاص|عام|مسیولیت|محدود"
)
# A shorter number says which desk, not which company; a longer one is none.
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15


def _plain(cell: str) -> str:
    letters = normalised_sql(f"trim({cell})", _STEPS)
    return f"case when length({cell}) <= {LONGEST} then {letters} end"


def email_key(cell: str) -> str:
    """Gives an address without case and without what follows a plus sign; NULL for what is none."""
    bare = f"regexp_replace({_plain(cell)}, '^mailto:|\\+[^@]*(@)', '\\1')"
    return f"nullif(regexp_extract({bare}, '^[^@ ]+@[^@ ]+\\.[^@ ]+$'), '')"


def phone_key(cell: str) -> str:
    """Gives the digits of a number without zeros in front; NULL for what is none.

    Of two spellings of a number the shorter one ends the longer one, which has the code of the
    country too. An extension is left out, and so is the zero in brackets that is not dialled from
    abroad.
    """
    number = f"regexp_replace({_plain(cell)}, '^tel:', '')"
    number = f"regexp_replace({number}, '(ext|x|#|;|,|داخلی).*$', '')"
    digits = f"regexp_replace(replace({number}, '(0)', ''), '[^0-9]', '', 'g')"
    digits = f"ltrim({digits}, '0')"
    # One digit again and again is what forms get that insist on a number.
    is_number = (
        f"length({digits}) between {_FEWEST_DIGITS} and {_MOST_DIGITS} "
        f"and length(replace({digits}, right({digits}, 1), '')) >= 2"
    )
    return f"case when {is_number} then {digits} end"


def name_key(cell: str) -> str:
    """Gives the letters of a name, titles and blanks left out; `Khan, Sara` is `Sara Khan`."""
    turned = f"regexp_replace({_words(cell)}, '^([^,،]+)[,،] *([^,،]+)$', '\\2 \\1')"
    return _letters(f"regexp_replace({turned}, '^(({_TITLES})\\.? +)+', '')")


def company_key(cell: str) -> str:
    """Gives the letters and digits of a company's name, its legal form left out."""
    spaced = f"regexp_replace({_words(cell)}, '[^\\p{{L}}\\p{{N}} ]+', '', 'g')"
    bare = (
        f"regexp_replace(' ' || replace({spaced}, ' ', '  ') || ' ', ' ({_LEGAL_FORMS}) ', '', 'g')"
    )
    return f"coalesce({_letters(bare)}, {_letters(_words(cell))})"


def _words(cell: str) -> str:
    """Gives a cell in small letters without accents; a half-space joins what it stands between."""
    joined = f"replace({cell}, {literal(HALF_SPACE)}, '')"
    written, meant = map(literal, _LETTERS)
    return f"translate(strip_accents({_plain(joined)}), {written}, {meant})"


def _letters(text: str) -> str:
    return f"nullif(regexp_replace({text}, '[^\\p{{L}}\\p{{N}}]', '', 'g'), '')"
