"""Iran System against an encoder of its own, which knows letters by their names in Unicode."""

from __future__ import annotations

import csv
import io
import struct
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.errors import ExtractError
from ingestion.mapping.feeds import CsvOptions
from ingestion.readers.encodings import likely_encodings
from ingestion.text import iran_system

# Letter: bytes of its shapes. One for all; apart and joining the next; or, where the shape also
# depends on the letter before, isolated, final, medial and initial.
BYTES: dict[str, tuple[int, ...]] = {
    "ALEF WITH MADDA ABOVE": (0x8D,), "YEH WITH HAMZA ABOVE": (0x8E,), "HAMZA": (0x8F,),
    "ALEF": (0x90, 0x91), "BEH": (0x92, 0x93), "PEH": (0x94, 0x95), "TEH": (0x96, 0x97),
    "THEH": (0x98, 0x99), "JEEM": (0x9A, 0x9B), "TCHEH": (0x9C, 0x9D), "HAH": (0x9E, 0x9F),
    "KHAH": (0xA0, 0xA1), "DAL": (0xA2,), "THAL": (0xA3,), "REH": (0xA4,), "ZAIN": (0xA5,),
    "JEH": (0xA6,), "SEEN": (0xA7, 0xA8), "SHEEN": (0xA9, 0xAA), "SAD": (0xAB, 0xAC),
    "DAD": (0xAD, 0xAE), "TAH": (0xAF,), "ZAH": (0xE0,), "AIN": (0xE1, 0xE2, 0xE3, 0xE4),
    "GHAIN": (0xE5, 0xE6, 0xE7, 0xE8), "FEH": (0xE9, 0xEA), "QAF": (0xEB, 0xEC),
    "KEHEH": (0xED, 0xEE), "GAF": (0xEF, 0xF0), "LAM": (0xF1, 0xF3), "MEEM": (0xF4, 0xF5),
    "NOON": (0xF6, 0xF7), "WAW": (0xF8,), "HEH": (0xF9, 0xF9, 0xFA, 0xFB),
    "FARSI YEH": (0xFD, 0xFC, 0xFE, 0xFE),
}  # fmt: skip
SHAPES = {unicodedata.lookup(f"ARABIC LETTER {name}"): found for name, found in BYTES.items()}
LAM_ALEF, NON_JOINER = 0xF2, "\u200c"
JOINS_NEXT = {letter for letter, found in SHAPES.items() if len(found) > 1 and letter != "ا"}
JOINS_NEXT |= set("طظئ")
PUNCTUATION = {"،": 0x8A, "ـ": 0x8B, "؟": 0x8C}


def encoded_word(word: str) -> bytes:
    """Shapes the letters of a word and puts them in the order of the screen."""
    made: list[int] = []
    for i, letter in enumerate(word):
        before, after = word[i - 1 : i] if i else "", word[i + 1 : i + 2]
        if letter == NON_JOINER:
            continue
        if letter not in SHAPES:
            made.append(PUNCTUATION[letter])
            continue
        if letter == "ا" and before == "ل":
            made[-1] = LAM_ALEF
            continue
        is_joined = before in JOINS_NEXT
        joins = letter in JOINS_NEXT and after in SHAPES and after != "ء"
        shapes = SHAPES[letter]
        if len(shapes) == 4:
            made.append(shapes[(2 if is_joined else 3) if joins else (1 if is_joined else 0)])
        elif letter == "ا":
            made.append(shapes[is_joined])
        else:
            made.append(shapes[-1] if joins else shapes[0])
    return bytes(reversed(made))


def encoded(text: str) -> bytes:
    """Encodes a text of Persian words, with numbers and Latin words as single words."""
    if not any(letter in SHAPES for letter in text):
        return text.translate({0x6F0 + i: 0x80 + i for i in range(10)}).encode("latin-1")
    parts = []
    for word in text.split(" "):
        is_persian = any(letter in SHAPES for letter in word)
        digits = word.translate({0x6F0 + i: 0x80 + i for i in range(10)})
        parts.append(encoded_word(word) if is_persian else digits.encode("latin-1"))
    return b" ".join(reversed(parts))


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("شیراز", "a5 90 a4 fe aa"),
        ("تهران", "f6 90 a4 fa 97"),
        ("بازرگانی", "fc f7 91 f0 a4 a5 91 93"),
        ("شعبه", "f9 93 e3 aa"),
        ("فروشگاه", "f9 91 f0 aa f8 a4 ea"),
        ("پژمان", "f6 91 f5 a6 95"),
        ("طلایی", "fc fe f2 af"),
        ("مغازه", "f9 a5 91 e7 f5"),
        ("عکاس", "a7 91 ee e4"),
        ("باغ", "e5 91 93"),
        ("تیغ", "e6 fe 97"),
        ("آگهی", "fc fa f0 8d"),
        ("گچ", "9c f0"),
        ("ظروف", "e9 f8 a4 e0"),
        ("رئیس", "a7 fe 8e a4"),
        ("جزء", "8f a5 9b"),
        ("ای", "fd 90"),
        ("ذوق", "eb f8 a3"),
        ("صابخانه", "f9 f7 91 a1 93 91 ac"),
    ],
)
def test_words_written_down_from_the_table(word, shown):
    assert iran_system.decode_field(bytes.fromhex(shown)) == word
    assert encoded(word) == bytes.fromhex(shown)


@pytest.mark.parametrize(
    "text",
    [
        "خیابان ولیعصر پلاک ۱۲",
        "سفارش ۱۴۰۳/۰۵/۱۲ ساعت ۱۲:۳۰",
        "۱۲ ۱۳ آذر",
        "قرارداد 1403-17 تمدید",
        "مدل A4 سفید",
        "گزارش Sales دوره",
        "نرخ ۱.۵",
        "خانه\u200cها",
        "می\u200cشود",
        "شعبه، تهران",
        "چرا؟",
        "۱۴۰۳",
        "1403/05/12",
        "Plain text",
        "",
    ],
)
def test_texts_come_back_in_the_order_of_reading(text):
    assert iran_system.decode_field(encoded(text)) == text


def test_brackets_are_mirrored_and_latin_words_stay_together():
    assert (
        iran_system.decode_field(b"(" + encoded("نقدی") + b") " + encoded("فروش")) == "فروش (نقدی)"
    )
    assert iran_system.decode_field(b"Big Deal " + encoded("پروژه")) == "پروژه Big Deal"


WORDS = st.text("".join(SHAPES), min_size=1, max_size=12)
NUMBERS = st.integers(0, 10**9).map(
    lambda n: str(n).translate({48 + i: 0x6F0 + i for i in range(10)})
)


@settings(max_examples=10_000)
@given(st.lists(st.one_of(WORDS, NUMBERS), min_size=1, max_size=4))
def test_any_words_and_numbers_round_trip(words):
    text = " ".join(words)
    assert iran_system.decode_field(encoded(text)) == text


@settings(max_examples=300)
@given(st.lists(WORDS, min_size=2, max_size=3))
def test_words_that_a_non_joiner_parts_stay_parted(words):
    text = NON_JOINER.join(words)
    # After a letter that never joins, nothing can show that there was one.
    parted = "".join(
        letter
        for i, letter in enumerate(text)
        if letter != NON_JOINER or (text[i - 1] in JOINS_NEXT - set("طظئ") and text[i + 1] != "ء")
    )
    if "ل\u200cا" in text or "ئ\u200c" in text:
        return
    assert iran_system.decode_field(encoded_word(text)) == parted


def test_a_text_file_turns_each_field_by_itself(read):
    rows = [["1", "نیک افروز", "12.5"], ["2", "پخش البرز ۳", "-7"], ["3", "Acme", "1403/01/01"]]
    made = io.BytesIO()
    made.write(b"id;name;x\r\n")
    for row in rows:
        made.write(b";".join(encoded(cell) for cell in row) + b"\r\n")
    reading = read(made.getvalue(), csv=CsvOptions(delimiter=";", encoding="iran-system"))
    assert [list(row) for row in reading.rows] == rows
    assert reading.records.notes == ("read as iran-system",)


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_chunks_do_not_cut_fields(read, monkeypatch, chunk):
    monkeypatch.setattr("ingestion.readers.plain_text.CHUNK", chunk)
    content = b"id,name\n" + b"".join(
        b"%d," % i + encoded("فروش ۱۲ تهران") + b"\n" for i in range(9)
    )
    rows = read(content, csv=CsvOptions(encoding="Iran_System")).rows
    assert rows == [(str(i), "فروش ۱۲ تهران") for i in range(9)]


def table(names: list[str]) -> bytes:
    """A DBF table without a code page, its texts filled up on the left as such programs do."""
    width = 1 + 4 + 30
    head = bytes([3, 100, 1, 2]) + struct.pack("<IHH", len(names), 97, width) + bytes(20)
    head += b"ID_NO".ljust(11, b"\0") + b"N" + bytes(4) + bytes([4, 0]) + bytes(14)
    head += b"NAME".ljust(11, b"\0") + b"C" + bytes(4) + bytes([30, 0]) + bytes(14)
    records = (b" %4d" % i + encoded(name).rjust(30) for i, name in enumerate(names))
    return head + b"\r" + b"".join(records) + b"\x1a"


PEOPLE = ["نرگس کاویانی", "بهروز شفیعی‌فر", "ژاله گنجوی", "پرویز صادقی", "عطیه لاهیجی"]


def test_a_dbf_table(read):
    reading = read(table(PEOPLE), "file.dbf", csv=CsvOptions(encoding="iran-system"))
    assert [row[1] for row in reading.rows] == PEOPLE


def test_it_is_suggested_for_such_bytes_and_for_no_others(read):
    with pytest.raises(ExtractError, match=r"look like iran-system.*encoding: iran-system\}"):
        read(table(PEOPLE), "file.dbf")
    with pytest.raises(ExtractError, match=r"not utf-8.*look like iran-system"):
        read(b"id,name\n" + b"".join(b"1," + encoded(name) + b"\n" for name in PEOPLE))
    for text, encoding in (
        ("\n".join(PEOPLE).replace("\u200c", " "), "cp1256"),
        ("Müller\nGrößer\nÄrger\nÉcole\nNaïve", "cp1252"),
        ("Müller\nGrößer\nÄrger\nÉcole", "cp850"),
        ("Иван\nПётр\nМария", "cp866"),
        ("Иван\nМария", "cp1251"),
        ("北京公司\n上海", "gb18030"),
    ):
        sample = text.replace("ی", "ي").replace("ک", "ك").encode(encoding)
        assert "iran-system" not in likely_encodings(sample), text


@pytest.mark.parametrize("encoding", ["utf-8", "cp1256"])
def test_persian_of_another_encoding_is_refused_and_not_landed_as_garbage(read, encoding):
    text = "id,name\n" + "".join(f"1,{name}\n" for name in PEOPLE)
    text = text.replace("\u200c", " ").replace("ی", "ي").replace("ک", "ك")
    with pytest.raises(ExtractError, match="is not iran-system"):
        read(text.encode(encoding), csv=CsvOptions(encoding="iran-system"))


def test_quoted_fields(read):
    made = b'id,name\n1,"' + encoded("فروش") + b'"\n'
    assert next(csv.reader(["1,x"])) == ["1", "x"]
    assert read(made, csv=CsvOptions(encoding="iran-system")).rows == [("1", "فروش")]
