"""Files that are no recording, or none that ngopi reads: each is called by its name."""

import io
import zipfile

import pytest
from PIL import Image

import speech


def picture(ending):
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, ending)
    return file.getvalue()


def archive(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return file.getvalue()


WMA = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
LOCKED_WMA = WMA + bytes(40) + bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e") + bytes(500)
ENTRY = b"\0\0\0\x58stsd" + bytes(4) + b"\0\0\0\1\0\0\0\x48"


def locked_m4p(mark):
    moov = b"\0\0\1\0moov" + ENTRY + mark
    return b"\0\0\0\x18ftypM4A " + bytes(12) + moov.ljust(256, b"\0")


NO_SOUND = {
    "png": (picture("PNG"), "a picture"),
    "jpg": (picture("JPEG"), "a picture"),
    "gif": (picture("GIF"), "a picture"),
    "webp": (picture("WEBP"), "a picture"),
    "tif": (picture("TIFF"), "a picture"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(99), "a picture"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\n" + bytes(99), "a PDF document"),
    "docx": (archive("[Content_Types].xml", "word/document.xml"), "a Word document"),
    "xlsx": (archive("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook"),
    "pptx": (archive("[Content_Types].xml", "ppt/presentation.xml"), "slides of PowerPoint"),
    "odt": (archive("mimetype", "content.xml"), "a document of LibreOffice"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "a document of an old Office"),
    "mid": (b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk" + bytes(99), "holds notes and no sound"),
    "exe": (b"MZ\x90\0" + bytes(99), "an executable program"),
    "lnk": (b"L\0\0\0\x01\x14\x02\0" + bytes(99), "a shortcut to a file"),
    "m3u": (b"#EXTM3U\nrapat.mp3\n", "a list of other files"),
    "html": (b"<!DOCTYPE html>\n<html><body>Masuk</body></html>", "a web page"),
    "txt": ("Notulen rapat — hadir: 12 orang.\n".encode() * 99, "a text"),
    "bin": (bytes(9999), "nothing but zeros"),
}
PACKED = {
    "zip": archive("rekaman.wav"),
    "rar": b"Rar!\x1a\7\0" + bytes(99),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(99),
    "gz": b"\x1f\x8b\x08" + bytes(99),
}
PROJECTS = {
    "aup3": b"SQLite format 3\0" + bytes(99),
    "aup": b'<?xml version="1.0"?><project xmlns="http://audacity"/>' * 9,
}
FOREIGN = {
    "ra": (b".ra\xfd\0\4" + bytes(99), "RealAudio"),
    "rm": (b".RMF\0\0\0\x12" + bytes(99), "RealMedia"),
    "dss": (b"\x02dss" + bytes(999), "DSS (Olympus, Philips)"),
    "ds2": (b"\x03ds2" + bytes(999), "DS2 (Olympus, Philips)"),
    "ape": (b"MAC \x96\x0f" + bytes(99), "Monkey's Audio"),
    "wv": (b"wvpk" + bytes(99), "WavPack"),
    "au": (b".snd\0\0\0\x18" + bytes(99), "Sun AU"),
    "voc": (b"Creative Voice File\x1a" + bytes(99), "VOC"),
    "msv": (b"MS_VOICE" + bytes(99), "Sony MSV/DVF"),
    "silk": (b"\x02#!SILK_V3" + bytes(99), "SILK"),
    "ac3": (b"\x0bw" + bytes(99), "AC-3"),
    "swf": (b"FWS\x09" + bytes(99), "Flash (SWF)"),
    "amr": (b"#!AMR_MC1.0\n" + bytes(99), "AMR multichannel"),
    "vob": (b"\0\0\x01\xba" + bytes(99), "MPEG-PS"),
}
LOCKED = {
    "wma": LOCKED_WMA,
    "m4p": locked_m4p(b"drms"),
    "m4a": locked_m4p(b"enca"),
    "aax": b"\0\0\0\x18ftypaax " + bytes(99),
}


def refused(ngopi, path, code):
    run = ngopi("master", path, path.with_name("hasil.mp3"), "--json")

    assert run.status == 65
    assert run.error["code"] == code
    assert path.name in run.error["message"]
    assert not path.with_name("hasil.mp3").exists()
    return run.error


@pytest.mark.parametrize("named", ["its own", "rapat.mp3", "rapat.wav"])
@pytest.mark.parametrize(("ending", "content", "kind"), [(e, *v) for e, v in NO_SOUND.items()])
def test_what_is_no_recording_is_called_what_it_is(ngopi, tmp_path, ending, content, kind, named):
    path = tmp_path / (f"rapat.{ending}" if named == "its own" else named)
    path.write_bytes(content)

    assert f"it is {kind}" in refused(ngopi, path, "not-a-recording")["message"].replace(
        "a MIDI file, which holds", "holds"
    )


@pytest.mark.parametrize(("ending", "content", "kind"), [(e, *v) for e, v in FOREIGN.items()])
def test_a_recording_of_another_format_is_named_with_a_way_to_convert_it(
    ngopi, tmp_path, ending, content, kind
):
    path = tmp_path / f"rapat.{ending}"
    path.write_bytes(content)

    error = refused(ngopi, path, "foreign-format")

    assert kind in error["message"]
    assert "VLC" in error["hint"]


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize("named", ["its own", "rapat.mp3"])
def test_an_archive_is_to_be_unpacked(ngopi, tmp_path, ending, named):
    path = tmp_path / (f"rapat.{ending}" if named == "its own" else named)
    path.write_bytes(PACKED[ending])

    assert "unpack it" in refused(ngopi, path, "packed-recording")["hint"]


@pytest.mark.parametrize("ending", PROJECTS)
def test_a_project_is_to_be_exported(ngopi, tmp_path, ending):
    path = tmp_path / f"rapat.{ending}"
    path.write_bytes(PROJECTS[ending])

    assert "export the sound as WAV" in refused(ngopi, path, "project-file")["hint"]


@pytest.mark.parametrize("ending", LOCKED)
def test_a_protected_recording_is_called_protected(ngopi, tmp_path, ending):
    path = tmp_path / f"rapat.{ending}"
    path.write_bytes(LOCKED[ending])

    refused(ngopi, path, "protected-recording")


def test_it_is_said_in_indonesian_too(ngopi, tmp_path):
    path = tmp_path / "rapat.mp3"
    path.write_bytes(picture("PNG"))

    run = ngopi("--lang", "id", "master", path, tmp_path / "hasil.mp3")

    assert "berkas ini adalah gambar" in run.err


def test_a_codec_that_is_not_on_the_list_is_refused_in_words(ngopi, tmp_path):
    path = speech.write(tmp_path / "rapat.mka", speech.tone(2.0), codec="dfpwm")

    error = refused(ngopi, path, "unknown-codec")

    assert "cannot decode: dfpwm" in error["message"]
    assert "VLC" in error["hint"]


TAG = b"ID3\3\0\0\0\0\0\x0aTIT2" + bytes(6)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (LOCKED_WMA, "protected-recording"),
        (locked_m4p(b"drms"), "protected-recording"),
        (b".RMF\0\0\0\x12" + bytes(99), "foreign-format"),
        (b"%PDF-1.7\n" + bytes(99), "not-a-recording"),
    ],
)
def test_a_tag_before_it_hides_nothing(ngopi, tmp_path, content, code):
    path = tmp_path / "rapat.mp3"
    path.write_bytes(TAG + content)

    refused(ngopi, path, code)
