"""Every code page that Python knows is an encoding of text files, by any of its names."""

from __future__ import annotations

import codecs
from encodings.aliases import aliases

import pytest
from pydantic import TypeAdapter, ValidationError

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
