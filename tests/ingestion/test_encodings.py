"""Every code page that Python knows is an encoding of text files, by any of its names."""

from __future__ import annotations

import codecs
from encodings.aliases import aliases

import pytest
from pydantic import TypeAdapter, ValidationError

from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.errors import ExtractError
from ingestion.mapping.feeds import CsvOptions
from ingestion.mapping.schema import Encoding
from ingestion.readers.plain_text import plain_text

NO_TEXT = {
    "base64_codec",
    "bz2_codec",
    "hex_codec",
    "quopri_codec",
    "rot_13",
    "uu_codec",
    "zlib_codec",
}
# Of Windows alone.
NOT_HERE = {"mbcs", "oem", "cp65001"}
CODECS = sorted(set(aliases.values()) - NO_TEXT - NOT_HERE)
TEXT = "id,name\n1,abc\n"
KNOWN = TypeAdapter(Encoding)


def in_file(tmp_path, content: bytes, encoding: str) -> str:
    path = tmp_path / "made.csv"
    path.write_bytes(content)
    return plain_text(path, encoding, tmp_path / "s").path.read_text(encoding="utf-8")


def test_there_are_many():
    assert len(CODECS) > 80


@pytest.mark.parametrize("encoding", CODECS)
def test_a_codec_reads_what_it_writes(tmp_path, encoding):
    assert KNOWN.validate_python(encoding) == encoding
    assert in_file(tmp_path, TEXT.encode(encoding), encoding) == TEXT


@pytest.mark.parametrize("name", ["windows-1256", "Windows_1256", "CP1256", "1256"])
def test_names_are_taken_as_people_write_them(tmp_path, name):
    assert KNOWN.validate_python(name) == name
    assert in_file(tmp_path, "نام\n".encode("cp1256"), name) == "نام\n"


@pytest.mark.parametrize(
    "name", ["base64", "hex", "rot13", "zlib", "idna", "cp9999", "persian", ""]
)
def test_what_is_no_encoding_of_text_is_refused(name):
    with pytest.raises(ValidationError, match=r"there is no encoding '.*windows-1256.*iran-system"):
        KNOWN.validate_python(name)


@pytest.mark.parametrize("encoding", ["auto", "utf-8", "windows-1256"])
@pytest.mark.parametrize(
    ("mark", "written"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_mark_decides(tmp_path, mark, written, encoding):
    text = "id,name\n1,نام\n"
    assert in_file(tmp_path, mark + text.encode(written), encoding) == text


SAMPLES = {
    "windows-1256": "شماره,نام\n1,شركت بازرگاني پارس\n2,گروه صنعتي البرز\n3,پخش سراسري مهر\n",
    "windows-1251": "номер,имя\n1,Торговый дом Север\n2,Завод приборов\n3,Мебельная фабрика\n",
    "windows-1253": "αριθμός,όνομα\n1,Εμπορική Αθηνών\n2,Βιομηχανία Πάτρας\n3,Έπιπλα Κρήτης\n",
}


@pytest.mark.parametrize("encoding", SAMPLES)
@pytest.mark.parametrize("named", ["auto", "ascii", "utf-8"])
def test_the_likely_one_is_suggested_and_is_right(read, encoding, named):
    content = SAMPLES[encoding].encode(encoding)
    with pytest.raises(ExtractError, match=r"try csv: \{encoding: ") as caught:
        read(content, csv=CsvOptions(encoding=named))
    suggested = str(caught.value).partition("{encoding: ")[2].partition("}")[0]
    assert content.decode(suggested) == SAMPLES[encoding]


@pytest.mark.parametrize("encoding", SAMPLES)
@pytest.mark.parametrize("named", ["windows-1252", "latin-1", "cp850"])
def test_a_western_code_page_for_other_letters_is_doubted(read, encoding, named):
    content = SAMPLES[encoding].encode(encoding)
    try:
        (note,) = read(content, csv=CsvOptions(encoding=named)).records.notes
    except ExtractError as refused:
        # Some bytes are of no letter there.
        note = str(refused)
    assert f"look like {encoding}" in note


FRENCH = "numéro,société\n1,Épicerie générale de Nîmes\n2,Forêts et rivières associées\n3,Château d'Orléans\n"
GERMAN = "nummer,größe\n1,Müller & Söhne\n2,Bäckerei Weiß\n3,Grüne Hügel Gärtnerei\n"
TURKISH = "no,isim\n1,Güneş Dağıtım\n2,İstanbul Çiçekçilik\n3,Şişli Öğretmenevi\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "windows-1252"),
        (FRENCH, "latin-1"),
        (GERMAN, "windows-1252"),
        (GERMAN, "cp850"),
        (TURKISH, "windows-1254"),
        (SAMPLES["windows-1256"], "windows-1256"),
        (SAMPLES["windows-1251"], "windows-1251"),
    ],
)
def test_the_right_one_is_not_doubted(read, text, encoding):
    (note,) = read(text.encode(encoding), csv=CsvOptions(encoding=encoding)).records.notes
    assert note == f"read as {codecs.lookup(encoding).name}"


FRENCH_ONE = "id,name\n1,Cafe\n2,Café Nord\n"


NAMED = ("windows-1256", "windows-1252", "latin-1", "cp850", "gb18030")
# There a single letter of two bytes may be one by chance.
BY_CHANCE = [("windows-1256", FRENCH_ONE), ("gb18030", FRENCH_ONE)]
UTF8 = [
    (named, text)
    for named in NAMED
    for text in (*SAMPLES.values(), FRENCH, GERMAN, TURKISH, FRENCH_ONE)
    if (named, text) not in BY_CHANCE
]


def note_of_utf8(read, named: str, text: str) -> str:
    try:
        (note,) = read(text.encode(), csv=CsvOptions(encoding=named)).records.notes
    except ExtractError as refused:
        # Some bytes are of no letter there.
        return str(refused)
    return note


@pytest.mark.parametrize(("named", "text"), BY_CHANCE)
def test_one_letter_is_no_reason_to_doubt(read, named, text):
    assert "utf-8" not in note_of_utf8(read, named, text)


@pytest.mark.parametrize(("named", "text"), UTF8)
def test_utf8_under_another_name_is_told(read, named, text):
    note = note_of_utf8(read, named, text)
    assert "bytes are utf-8: leave encoding out" in note


PERSIAN = "شماره,نام\n1,شركت پارس\n2,گروه البرز\n"
PERSIAN_DEALS = (
    "  accounts:\n    files: 'a*.csv'\n    columns: {account_id: شماره, account_name: نام}\n"
)


@pytest.mark.parametrize("encoding", ["windows-1256", "windows-1251", "latin-1"])
def test_names_that_utf8_bytes_became_are_explained(case, encoding):
    case.map(PERSIAN_DEALS, f"csv: {{encoding: {encoding}}}")
    case.write("a.csv", PERSIAN)
    file = case.land_one()
    assert file.status == "refused"
    assert "lacks the column" in file.message
    assert ", though its bytes are utf-8: leave encoding out" in file.message


def test_a_column_that_is_really_missing_is_not_blamed_on_the_encoding(case):
    case.map(PERSIAN_DEALS, "csv: {encoding: windows-1256}")
    case.write("a.csv", PERSIAN.replace("نام", "عنوان", 1).encode("cp1256"))
    assert "bytes" not in case.land_one().message


@pytest.mark.parametrize(
    ("text", "written", "named", "doubt"),
    [
        (
            # Without letters whose bytes stand for nothing in cp1252.
            "id,name\n1,شركت سراسري\n2,شركت مهر البرز\n",
            "cp1256",
            "windows-1252",
            "read as cp1252, though its bytes look like windows",
        ),
        (SAMPLES["windows-1251"], "cp1251", "latin-1", "read as iso8859-1, though its bytes look"),
        (PERSIAN, "utf-8", "windows-1256", "read as cp1256, though its bytes are utf-8"),
        (FRENCH, "utf-8", "latin-1", "read as iso8859-1, though its bytes are utf-8"),
        (PERSIAN, "cp1256", "windows-1256", None),
        (FRENCH, "cp1252", "windows-1252", None),
        (FRENCH, "utf-8", "auto", None),
    ],
)
def test_the_last_sentence_of_the_check_has_the_doubt(case, text, written, named, doubt):
    rows = text.partition("\n")[2]
    case.map(
        "  accounts:\n    files: 'a*.csv'\n    columns: {account_id: id, account_name: name}\n",
        f"csv: {{encoding: {named}}}",
    )
    case.write("a.csv", f"id,name\n{rows}".encode(written))
    verdict = check_mapping(load_mapping(str(case.mapping_file)), case.folder).verdict
    count = rows.count("\n")
    assert verdict.startswith(f"A refresh would land {count} of {count} records from 1 file")
    assert (doubt is None) == (verdict.endswith(" from 1 file."))
    assert doubt is None or f", a.csv {doubt}" in verdict
    assert ":" not in verdict
