"""What is broken is refused with a sentence and a hint in both languages, and nothing of it stays by halves."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tamna.patients.models import ImportedBundle, ImportRun, Patient
from tamna.reception.fhir import report

pytestmark = pytest.mark.django_db(transaction=True)
DATA = Path(__file__).parents[2] / "data" / "fhir"
GOOD = (DATA / "marigold.json").read_bytes()
KOREAN = (DATA / "Patient.ndjson").read_text(encoding="utf-8").splitlines()[0]
BOMB = gzip.compress(b" " * (16 << 20)) * 64  # 1 GiB of blanks in a megabyte
DEEP = b'{"resourceType":"Basic","extension":' + b'[{"extension":' * 200_000
RESOURCE = '{"resourceType":"Patient","id":"a","gender":"male","birthDate":"1990-01-01","name":[{"text":"모의"}],%s}'


def patient(more: str) -> bytes:
    return (RESOURCE % more).encode()


def bundle(*entries: str, kind: str = "transaction") -> bytes:
    return f'{{"resourceType":"Bundle","type":"{kind}","entry":[{",".join(entries)}]}}'.encode()


def entry(resource: str) -> str:
    return f'{{"resource":{resource}}}'


WHOLLY: dict[str, tuple[str, bytes, str]] = {  # what → file name, bytes, key: none of it can be used
    "empty": ("a.json", b"", "fhir.empty"),
    "blank": ("a.json", b" \n\t\n", "fhir.empty"),
    "empty in gzip": ("a.json.gz", gzip.compress(b""), "fhir.empty"),
    "cut": ("a.json", GOOD[: len(GOOD) // 2], "fhir.cut_json"),
    "cut in a word": ("a.json", GOOD[:60], "fhir.cut_json"),
    "cut gzip": ("a.json.gz", gzip.compress(GOOD)[:900], "fhir.cut_gzip"),
    "damaged gzip": ("a.json.gz", gzip.compress(GOOD)[:200] + b"\x00" * 40 + gzip.compress(GOOD)[240:], "fhir.cut_gzip"),
    "gzip bomb": ("a.json.gz", BOMB, "fhir.too_large"),
    "gzip bomb in lines": ("a.ndjson.gz", BOMB * 2, "fhir.too_large"),
    "utf-16": ("a.json", KOREAN.encode("utf-16"), "fhir.encoding"),
    "utf-16 without a mark": ("a.json", KOREAN.encode("utf-16-le"), "fhir.encoding"),
    "cp949": ("a.json", KOREAN.encode("cp949"), "fhir.encoding"),
    "cp949 in lines": ("a.ndjson", KOREAN.encode("cp949") + b"\n", "fhir.encoding"),
    "binary": ("a.json", bytes(range(256)) * 40, "fhir.binary"),
    "a picture": ("a.json", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "fhir.binary"),
    "zip": ("a.json", b"PK\x03\x04" + b"\x14\x00" * 20, "fhir.binary"),
    "not JSON": ("a.json", b"<Bundle xmlns='http://hl7.org/fhir'/>", "fhir.bad_json"),
    "something behind": ("a.json", GOOD + b'{"a":1}', "fhir.bad_json"),
    "deep bomb": ("a.json", DEEP, "fhir.too_deep"),
    "deep": ("a.json", patient('"extension":' + '[{"url":"x","extension":' * 60 + '[{"url":"x"}]' + "}]" * 60), "fhir.too_deep"),
    "NaN": ("a.json", patient('"multipleBirthInteger":NaN'), "fhir.bad_number"),
    "Infinity": ("a.json", patient('"multipleBirthInteger":-Infinity'), "fhir.bad_number"),
    "huge whole number": ("a.json", patient(f'"multipleBirthInteger":{"9" * 5000}'), "fhir.bad_number"),
    "huge decimal": ("a.json", patient(f'"extension":[{{"url":"x","valueDecimal":0.{"1" * 5000}}}]'), "fhir.bad_number"),
    "huge exponent": ("a.json", patient('"extension":[{"url":"x","valueDecimal":1e999999999}]'), "fhir.bad_number"),
    "a key twice": ("a.json", patient('"gender":"female"'), "fhir.key_twice"),
    "a list": ("a.json", b"[1, 2]", "fhir.not_fhir"),
    "a number": ("a.json", b"7", "fhir.not_fhir"),
    "no type": ("a.json", b'{"id":"a"}', "fhir.not_fhir"),
    "unknown type": ("a.json", b'{"resourceType":"Spaceship","id":"a"}', "fhir.wrong_type"),
    "no entries": ("a.json", b'{"resourceType":"Bundle","type":"transaction"}', "fhir.empty_bundle"),
    "entries of another shape": ("a.json", b'{"resourceType":"Bundle","type":"batch","entry":{"a":1}}', "fhir.not_fhir"),
    "a document": ("a.json", bundle(entry(KOREAN), kind="document"), "fhir.bundle_type"),
    "null": ("a.json", patient('"active":null'), "fhir.bad_element"),
    "an empty list": ("a.json", patient('"telecom":[]'), "fhir.bad_element"),
    "NUL in a text": ("a.json", patient('"address":[{"text":"a\\u0000b"}]'), "fhir.bad_text"),
    "a day no calendar has": ("a.json", patient('"deceasedDateTime":"2020-13-40"'), "fhir.bad_element"),
    "half a letter": ("a.json", patient('"address":[{"text":"\\ud83d"}]'), "fhir.bad_text"),
    "about nobody here": (
        "a.json", b'{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/none"}}',
        "fhir.reference_missing",
    ),
}  # fmt: skip


def test_what_cannot_be_used_is_refused_whole(bring, counts, tmp_path):
    before = counts(without_runs=True)
    for runs, (what, (name, content, key)) in enumerate(WHOLLY.items(), start=1):
        path = tmp_path / f"{runs}-{name}"
        path.write_bytes(content)
        for lang in ("ko", "en"):
            said = bring(path, lang)
            assert (said.code, set(said.keys)) == (2, {key}), (what, said)
            assert said.report["bundles"] == {"read": 1, "new": 0, "unchanged": 0, "refused": 1}, what
            for error in said.errors:
                told = error["message"].removeprefix(f"{path.name}: ")
                assert told and error["hint"], what
                assert (
                    bool(re.search("[가-힣]", told)) == bool(re.search("[가-힣]", error["hint"])) == (lang == "ko")
                ), told
                assert not re.search(r"모의|홍가람|Marigold|%\(", told + error["field"]), what
        assert ImportRun.objects.count() == runs, what  # the same bytes refused again are not told twice
        view = report.RunView.of(ImportRun.objects.latest("pk"))
        assert view.refusals[0].message and view.refused == said.report["refusals"] > 0, what
    assert counts(without_runs=True) == before


def test_a_folder_without_bundles_is_refused(bring, counts, tmp_path):
    (tmp_path / "bare").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("no bundle")
    before = counts()
    for name, key in (("nowhere", "fhir.no_such_file"), ("bare", "fhir.empty_folder"), ("other", "fhir.empty_folder")):
        for lang in ("ko", "en"):
            said = bring(tmp_path / name, lang)
            assert (said.code, said.keys, said.report) == (2, [key], {})
            assert said.errors[0]["message"] and said.errors[0]["hint"]
    assert counts() == before


def test_one_wrong_entry_does_not_take_the_others_with_it(bring, tmp_path):
    """Dangling references of a visit or a doctor are no fault: FHIR allows what is not in the bundle."""
    entries = [entry(KOREAN)]
    person = '"subject":{"reference":"Patient/gildong"}'
    wrong = [
        '{"resource":{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},%s,"period":{"start":"2020-01-01"},'
        '"serviceProvider":{"reference":"Organization/none"},"participant":[{"individual":{"reference":"Practitioner/none"}}],'
        '"diagnosis":[{"condition":{"reference":"Condition/none"}}]}}',
        '{"resource":{"resourceType":"Condition","id":"c","code":{"text":"x"},%s,"encounter":{"reference":"Encounter/none"}}}',
        '{"resource":{"resourceType":"Spaceship","id":"s"}}', '{"resource":{"resourceType":"Condition","id":"c2"}}', '{"fullUrl":"urn:x"}',
        '{"resource":{"resourceType":"Encounter","id":"e2","status":"over","class":{"code":"AMB"},%s}}',
        '{"resource":{"resourceType":"Condition","id":"c","code":{"text":"y"},%s}}',
        '{"resource":{"resourceType":"Patient","id":"gildong"},"request":{"method":"DELETE","url":"Patient/gildong"}}',
        '{"resource":{"resourceType":"Condition","id":"c3","subject":{"reference":"Patient/none"}}}',
    ]  # fmt: skip
    entries += [text.replace("%s", person) for text in wrong]
    (tmp_path / "a.json").write_bytes(bundle(*entries))
    said = bring(tmp_path / "a.json")
    assert said.code == 3
    assert sorted((error["code"], error["row"]) for error in said.errors) == [
        ("fhir.bad_element", 7), ("fhir.element_missing", 5), ("fhir.method", 9), ("fhir.no_resource", 6),
        ("fhir.reference_missing", 10), ("fhir.same_id_twice", 8), ("fhir.wrong_type", 4),
    ]  # fmt: skip
    assert said.report["resources"] == {"read": 10, "mapped": 2, "kept_aside": 1, "unchanged": 0, "refused": 7}
    again = bring(tmp_path / "a.json")
    assert (again.code, again.keys, again.report["resources"]["unchanged"]) == (3, said.keys, 3)
    assert ImportRun.objects.count() == 1


def test_a_mark_of_byte_order_is_read_over(bring, tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + GOOD)
    assert bring(tmp_path / "a.json").report["resources"]["mapped"] == 5


def test_a_bad_file_among_good_ones_is_left_out(bring, counts, tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    small = [(name, content, key) for name, content, key in WHOLLY.values() if len(content) < 100_000]
    for place, (name, content, _) in enumerate(small):
        (folder / f"{place}-{name}").write_bytes(content)
    (folder / "zz-good.json").write_bytes(GOOD)
    said = bring(folder)
    assert (said.code, Patient.objects.get().name) == (3, "Marigold Testaway")
    assert set(said.keys) == {key for _, _, key in small}
    assert {error["message"].split(":")[0] for error in said.errors} <= {path.name for path in folder.iterdir()}
    before = counts()
    assert bring(folder).code == 3 and counts() == before
    assert ImportedBundle.objects.filter(outcome="whole").count() == 1


def test_a_bundle_that_fails_at_its_end_leaves_nothing(bring, counts, tmp_path):
    """A person whose number is one of somebody else's is refused by the vault when everything else was read."""
    number = '"identifier":[{"system":"urn:tamna:identity:rrn","value":"1234567890123"}]'
    entries = json.loads(GOOD)["entry"]
    text = [json.dumps(entry) for entry in entries[1:]] + [entry(patient(number).decode())]
    (tmp_path / "a.json").write_bytes(bundle(*text))
    before = counts(without_runs=True)
    said = bring(tmp_path / "a.json")
    assert (said.code, said.keys[-1]) == (2, "patients.bad_identity")
    assert "1234567890123" not in json.dumps(said.errors)
    assert counts(without_runs=True) == before


def test_every_key_has_a_sentence_and_a_hint():
    said: Callable[[str], bool] = {"fhir.no_patient", *report.HINTS}.__contains__
    assert not [key for key in sorted(report.known_keys()) if not said(key)]
