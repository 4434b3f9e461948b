"""The learner of diagnosis codes: invented notes with marked codes, learnt and judged through the command."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamna.engines.coding import Note, measures
from tamna.engines.coding.notes import folded

SAID = {
    "a01": ["tertian fever", "fever of three days"], "b02": ["barking cough", "dry cough"], "c03": ["swollen ankle", "ankle oedema"],
    "d04": ["stabbing headache", "throbbing headache"], "e05": ["itching rash", "red rash"], "f06": ["loose stools", "watery stools"],
}  # fmt: skip
FILLER = [
    "The patient came on foot.",
    "Vital signs were stable.",
    "He works in a field.",
    "Blood was taken.",
    "Seen again in a week.",
]


def invented(count: int, seed: int, place: Path) -> tuple[Path, Path]:
    """Notes in which a code is marked where it is said, except where it is denied."""
    chance = random.Random(seed)
    texts, labels = [], []
    for number in range(count):
        text = ""
        for code in chance.sample(sorted(SAID), 3):
            is_denied = chance.random() < 0.3
            said = chance.choice(SAID[code])
            text += f"{chance.choice(FILLER)} {'There was no' if is_denied else 'There was'} "
            if not is_denied:
                labels.append(f"n{number}\tDIAGNOSTICO\t{code}\t{said}\t{len(text)} {len(text) + len(said)}")
            text += f"{said}. "
        texts.append(json.dumps({"id": f"n{number}", "text": text, "other": 1}))
    texts_file, labels_file = place / f"texts{seed}.jsonl", place / f"labels{seed}.tsv"
    texts_file.write_text("\n".join(texts))
    labels_file.write_text("\n".join(labels))
    return texts_file, labels_file


def code(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tamna.cli", "code", *map(str, words)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    place = tmp_path_factory.mktemp("coding")
    texts, labels = invented(120, 1, place)
    done = code("fit", "--texts", texts, "--labels", labels, "--model", place / "model")
    assert done.returncode == 0, done.stderr
    return place, json.loads(done.stdout)


def test_the_card_says_how_it_was_judged(learnt):
    _, card = learnt
    assert card["evidence"] == "marked"
    assert card["reason"] == ""
    assert card["out_of_fold"]["f1"] > card["out_of_fold"]["naive"]["f1"]  # the dictionary cannot tell a denial


def test_unseen_notes_are_coded_with_their_words(learnt):
    place, _ = learnt
    texts, labels = invented(40, 2, place)
    told = json.loads(code("evaluate", "--texts", texts, "--labels", labels, "--model", place / "model").stdout)
    assert told["f1"] >= 0.9 > told["naive"]["f1"]
    rows = [json.loads(line) for line in code("predict", texts, "--model", place / "model").stdout.splitlines()]
    given_texts = {row["id"]: row["text"] for row in map(json.loads, texts.read_text().splitlines())}
    assert [row["id"] for row in rows] == list(given_texts)
    for row in rows:
        assert set(row["accepted"]) <= {one["code"] for one in row["ranked"]}
        for one in row["ranked"]:
            evidence = one["evidence"]
            assert given_texts[row["id"]][evidence["start"] : evidence["end"]] == evidence["text"]


def test_the_same_input_gives_the_same_bytes(learnt):
    place, _ = learnt
    texts, labels = invented(120, 1, place)
    assert code("fit", "--texts", texts, "--labels", labels, "--model", place / "again").returncode == 0
    assert (place / "again" / "model.json").read_bytes() == (place / "model" / "model.json").read_bytes()


def test_codes_alone_are_enough(learnt, tmp_path):
    texts, labels = invented(120, 3, tmp_path)
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("\n".join("\t".join(line.split("\t")[::2][:2]) for line in labels.read_text().splitlines()))
    told = json.loads(code("evaluate", "--texts", texts, "--labels", pairs, "--backtest").stdout)
    assert told["f1"] > 0.8


def test_too_little_gives_the_dictionary_and_says_so(tmp_path):
    texts, labels = invented(8, 4, tmp_path)
    done = code("fit", "--texts", texts, "--labels", labels, "--model", tmp_path / "model")
    assert done.returncode == 0
    assert json.loads(done.stderr)["code"] == "too_little_data"
    rows = code("predict", texts, "--model", tmp_path / "model").stdout.splitlines()
    assert any(json.loads(row)["accepted"] for row in rows)


def test_bad_rows_are_told_and_good_ones_answered(tmp_path):
    notes = tmp_path / "notes.jsonl"
    notes.write_text(
        '{"id":"1","text":"고혈압"}\nnot json\n{"id":"2"}\n{"id":"1","text":"당뇨"}\n{"id":"3","text":""}\n'
    )
    done = code("predict", notes)
    assert done.returncode == 3
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["1", "3"]
    assert {json.loads(line)["code"] for line in done.stderr.splitlines()} == {"bad_json", "no_text", "id_twice"}


@pytest.mark.parametrize("wrong", ["", "[]", '{"id":"1","words":"x","more":"y"}'])
def test_what_cannot_be_read_is_refused(tmp_path, wrong):
    notes = tmp_path / "notes.jsonl"
    notes.write_text(wrong)
    assert code("predict", notes).returncode == 2


@given(st.text(max_size=300))
def test_folding_keeps_every_place(text):
    assert len(folded(text)) == len(text)
    note = Note.of("1", text)
    assert all(0 <= start < end <= len(text) for start, end in zip(note.starts, note.ends, strict=True))


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.frozensets(st.sampled_from("abcdef")))
def test_average_precision_is_a_share(ranked, codes):
    assert 0 <= measures.average_precision(ranked, codes) <= 1
    if codes and ranked[: len(codes)] and set(ranked[: len(codes)]) == codes:
        assert measures.average_precision(ranked, codes) == pytest.approx(1)
