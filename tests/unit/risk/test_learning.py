"""What learners share: kinds of columns, splits that time allows, figures, calibration, the model folder."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamna.engines.errors import InputError
from tamna.engines.learning import calibration, folder, metrics
from tamna.engines.learning.columns import understood
from tamna.engines.learning.splits import origins


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2.5", "", "NA", "1,200"], "number"),
        (["0012", "0100", "7001"], "name"),
        (["2026-01-02", "2026-02-03", ""], "date"),
        (["20260102", "20260203"], "date"),
        (["2016-04-29T18:38:08Z", "2016-05-01T00:00:00Z"], "date"),
        (["31/01/2026", "01/02/2026"], "date"),
        (["true", "false"], "name"),
        (["", "NA", None], "empty"),
        ([f"the patient said thing number {place} today" for place in range(80)], "words"),
    ],
)
def test_kinds_of_columns(values, kind):
    assert understood("column", pl.Series(values, dtype=pl.String)).kind == kind


def test_what_cannot_be_read_later_is_missing():
    number = understood("age", pl.Series(["1", "2", "1,234"]))
    assert number.numbers(pl.Series(["5", "1,234,567", "old", None])).tolist()[:2] == [5.0, 1_234_567.0]
    assert np.isnan(number.numbers(pl.Series(["old", None, "inf"]))).all()
    date = understood("on", pl.Series(["1970-01-02", "1970-01-03"]))
    assert date.numbers(pl.Series(["1970-01-11"])).tolist() == [10.0]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=120), st.integers(2, 6))
def test_nothing_known_is_as_late_as_what_is_judged(times, count):
    moments = np.array(times, dtype=float)
    seen: set[int] = set()
    for origin in origins(moments, [str(place) for place in range(len(times))], count, 0):
        assert moments[origin.known].max() < moments[origin.judged].min()
        assert not seen & set(origin.judged.tolist())
        seen |= set(origin.judged.tolist())


@given(st.lists(st.text(max_size=5), min_size=1, max_size=60), st.integers(0, 3))
def test_without_time_equal_names_stay_together(names, seed):
    for origin in origins(None, names, 4, seed):
        assert not {names[place] for place in origin.known} & {names[place] for place in origin.judged}


@given(st.lists(st.tuples(st.booleans(), st.sampled_from((0.1, 0.2, 0.5, 0.9))), min_size=2, max_size=60))
@settings(deadline=None)
def test_auc_and_precision_agree_with_scikit_learn(rows):
    from sklearn.metrics import average_precision_score, roc_auc_score

    happened = np.array([float(yes) for yes, _ in rows])
    score = np.array([chance for _, chance in rows])
    if 0 < happened.sum() < len(happened):
        assert metrics.auc(happened, score) == pytest.approx(roc_auc_score(happened, score))
    else:
        assert metrics.auc(happened, score) is None
    if happened.sum():
        assert metrics.average_precision(happened, score) == pytest.approx(average_precision_score(happened, score))


def test_calibration_mends_scores_that_boast():
    noise = np.random.default_rng(1)
    truth = noise.normal(0, 1, 6_000)
    happened = (noise.random(6_000) < metrics.expit(truth)).astype(float)
    boasting = truth * 3
    blocks = [slice(0, 2_000), slice(2_000, 4_000), slice(4_000, 6_000)]
    mended = calibration.chosen([happened[block] for block in blocks], [boasting[block] for block in blocks])
    line = metrics.fitted_line(happened, metrics.logit_of(mended(boasting)))
    assert line and line[1] == pytest.approx(1, abs=0.1)
    assert metrics.log_loss(happened, mended(boasting)) < metrics.log_loss(happened, metrics.expit(boasting))
    again = calibration.Calibrator.of(json.loads(json.dumps(mended.as_json())))
    assert again == mended


@given(st.lists(st.tuples(st.booleans(), st.floats(-5, 5)), min_size=10, max_size=80))
@settings(deadline=None)
def test_steps_never_fall(rows):
    happened, logit = np.array([float(yes) for yes, _ in rows]), np.array([score for _, score in rows])
    chance = calibration.steps(happened, logit)(np.linspace(-6, 6, 50))
    assert (np.diff(chance) >= -1e-12).all() and (chance >= 0).all() and (chance <= 1).all()


def test_a_model_folder_is_whole_or_refused(tmp_path):
    place = tmp_path / "model"
    folder.write(place, {"a": 1}, {"form": "x/1"})
    folder.write(place, {"a": 2}, {"form": "x/1"})
    assert folder.read(place, "x/1")[0] == {"a": 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    with pytest.raises(InputError, match="other_model"):
        folder.read(place, "y/1")
    (place / "model.json").write_text('{"form":"x/1","more":1}')
    with pytest.raises(InputError, match="broken_model"):
        folder.read(place, "x/1")
    with pytest.raises(InputError, match="no_such_model"):
        folder.read(tmp_path / "none", "x/1")
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="not_a_model_folder"):
        folder.write(other, {}, {})
    assert (other / "letter.txt").read_text() == "mine"
