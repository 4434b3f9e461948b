"""Sentiment: learnt from comments, forgiving of spacing and spelling, topics of a list that reads like one."""

import csv
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamna.engines.errors import InputError
from tamna.engines.language.sentiment import Sentiment, fit, topics
from tamna.engines.language.sentiment.grams import cleaned, grams
from tamna.engines.language.sentiment.topics import lean

COMMENTS = Path(__file__).parents[2] / "golden" / "sentiment" / "hospital_comments.csv"
GOOD = ["정말 재밌다", "감동적인 영화", "최고의 연기", "또 보고 싶다", "강추합니다", "눈물나게 좋았다"]
BAD = ["너무 지루하다", "돈이 아깝다", "최악의 연기", "졸려서 혼났다", "비추합니다", "쓰레기 영화"]


def films(count=400, seed=0):
    chance = np.random.default_rng(seed)
    rows = []
    for row in range(count):
        good = row % 2
        words = chance.choice(GOOD if good else BAD, 2, replace=False)
        rows.append((str(row), " ".join([*words, str(chance.integers(100))]), str(good)))
    return pl.DataFrame(rows, schema=["id", "text", "label"], orient="row")


@pytest.fixture(scope="module")
def learnt():
    return fit(films())


def test_what_was_learnt_is_told_whatever_the_spacing(learnt):
    said = pl.DataFrame(
        {
            "id": ["a", "b", "c"],
            "text": ["정말재밌다 강 추 합 니 다", "너무지루하다돈이아깝다", "쵝오의 연기 또보고싶다ㅋㅋㅋㅋㅋ"],
        }
    )
    found = learnt.predict(said)
    assert [each.label for each in found] == ["1", "0", "1"]
    assert [each.id for each in found] == ["a", "b", "c"]


def test_chances_stand_beside_the_word_list(learnt):
    found = learnt.evaluate(films(200, seed=1))
    assert found["metrics"]["accuracy"] > 0.95 > found["naive"]["accuracy"]
    assert found["n"] == 200 and found["naive_rule"]


def test_nothing_that_anybody_wrote_stands_in_the_folder(learnt, tmp_path):
    learnt.save(tmp_path / "model")
    kept = "".join(path.read_text() for path in (tmp_path / "model").iterdir())
    assert "지루" not in kept and "재밌" not in kept
    again = Sentiment.load(tmp_path / "model")
    said = films(20, seed=2)
    assert [each.label for each in again.predict(said)] == [each.label for each in learnt.predict(said)]


def test_too_few_comments_leave_it_to_the_word_list():
    found = fit(films(10))
    assert found.is_baseline and found.card["reason"] == "too_little_data"
    told = found.predict(pl.DataFrame({"text": ["간호사가 불친절해요", "직원이 친절해요", ""]}))
    assert [each.label for each in told] == ["0", "1", "1"] and told[2].probability == 0.5


def test_one_label_cannot_be_learnt():
    with pytest.raises(InputError, match="no_target"):
        fit(films().with_columns(label=pl.lit("1")))
    with pytest.raises(InputError, match="no_such_column"):
        fit(pl.DataFrame({"id": ["1"], "label": ["1"]}))


def test_labels_may_be_words():
    named = films().with_columns(pl.col("label").replace({"1": "긍정", "0": "부정"}))
    assert fit(named).labels == ("부정", "긍정")


def rows():
    with COMMENTS.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_topics_of_comments_read_by_hand(row):
    wanted = set(filter(None, row["topics"].split(";")))
    found = set(topics(row["text"]))
    assert wanted <= found, (row["text"], sorted(found))
    assert len(found - wanted) <= 1, (row["text"], sorted(found))


def test_words_of_a_hospital_lean_as_their_reader_says():
    told = [(lean(row["text"]) > 0) == (row["label"] == "1") for row in rows() if lean(row["text"])]
    assert len(told) > 30 and sum(told) / len(told) >= 0.9


def test_films_are_not_judged_by_words_of_a_hospital():
    assert lean("오래 기다렸던 영화 너무 비싼 티켓값") == 0.0


def test_repeated_letters_and_long_numbers_are_one_form():
    assert cleaned("좋아요ㅋㅋㅋㅋㅋ!!!!  010123456") == cleaned("좋아요ㅋㅋ!!\n000")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_each_comment_is_made_of_its_own_runs_alone(texts):
    together = grams(texts)
    for row, text in enumerate(texts):
        alone = grams([text])
        assert set(together.columns[together.rows == row].tolist()) == set(alone.columns.tolist())


def test_the_command_reads_quotes_between_tabs_as_text(tmp_path, capsys):
    from tamna.cli import main

    lines = [
        "id\ttext\tlabel",
        *("\t".join([str(a), '"' + b if k % 5 == 0 else b, c]) for k, (a, b, c) in enumerate(films().rows())),
    ]
    (tmp_path / "films.tsv").write_text("\n".join(lines), encoding="utf-8")
    assert main(["sentiment", "fit", str(tmp_path / "films.tsv"), "--model", str(tmp_path / "model")]) == 0
    assert json.loads(capsys.readouterr().out)["rows"]["rows"] == 400
    assert main(["sentiment", "predict", str(tmp_path / "films.tsv"), "--model", str(tmp_path / "model")]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "id,label,probability,topics" and len(told) == 401
    assert main(["sentiment", "evaluate", str(tmp_path / "films.tsv"), "--model", str(tmp_path / "model")]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["accuracy"] > 0.9
