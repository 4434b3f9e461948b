"""The risk of a row: what it learns, what it must not learn, and that it says so when it learns little."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamna.engines.errors import InputError
from tamna.engines.risk import Risk, Roles, backtest, fit
from tests.unit.risk.tables import claims

ROLES = Roles("outcome", "returned", "claim_id", "sent_on", ("sex", "age"))


@pytest.fixture(scope="module")
def risk():
    return fit(claims(1_500), ROLES)


@pytest.fixture(scope="module")
def later():
    return claims(600, 2, first_day=700)


def test_later_rows_are_told_better_than_by_the_naive_rule(risk, later):
    found = risk.evaluate(later)
    assert found["metrics"]["auc"] > found["naive"]["auc"] + 0.03
    assert found["metrics"]["log_loss"] < found["naive"]["log_loss"]
    assert 0.7 < found["calibration"]["slope"] < 1.4
    assert found["split"]["kind"] == "later" and found["n"] == 600
    assert {group["value"] for group in found["groups"]["sex"]} == {"F", "M"}
    assert len(found["groups"]["age"]) == 6  # five bands, and the missing
    assert sum(part["n"] for part in found["periods"]) == 600


def test_reasons_name_the_columns_that_matter(risk, later):
    answers = risk.predict(later)
    assert [answer.id for answer in answers] == later["claim_id"].to_list()
    highest = max(answers, key=lambda answer: answer.probability)
    assert {"department", "note", "amount_won"} >= {reason.column for reason in highest.reasons[:2]}
    assert all(reason.points > 0 for reason in highest.reasons[:2])
    assert "raises it by" in highest.reasons[0].said("en") and "높임" in highest.reasons[0].said("ko")
    assert not {"claim_id", "outcome"} & {reason.column for answer in answers for reason in answer.reasons}


def test_the_same_seed_gives_the_same_folder(tmp_path):
    table = claims(400)
    for name in ("one", "two"):
        fit(table, ROLES, seed=7).save(tmp_path / name)
    for file in ("card.json", "model.json", "sums.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_the_order_of_the_rows_learnt_from_does_not_matter():
    table = claims(300)
    mixed = table.sample(fraction=1, shuffle=True, seed=3)
    there, here = (fit(rows, ROLES).predict(claims(50, 5)) for rows in (table, mixed))
    assert [answer.probability for answer in there] == pytest.approx([answer.probability for answer in here], abs=2e-6)


def test_a_saved_risk_answers_as_before(risk, later, tmp_path):
    risk.save(tmp_path / "model")
    assert Risk.load(tmp_path / "model").predict(later) == risk.predict(later)


@given(order=st.permutations(range(12)), kept=st.integers(1, 12))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_row_is_told_the_same_whatever_stands_beside_it(risk, later, order, kept):
    every = {answer.id: answer for answer in risk.predict(later[:12])}
    for answer in risk.predict(later[list(order)[:kept]]):
        assert answer == every[answer.id]


@given(
    st.dictionaries(
        st.sampled_from(("department", "doctor", "amount_won", "note", "age", "sex", "visit_on", "sent_on")),
        st.text(max_size=12),
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_may_stand_in_a_cell(risk, later, strange):
    row = later[:1].with_columns(pl.lit(text).alias(name) for name, text in strange.items())
    (answer,) = risk.predict(row)
    assert 0 <= answer.probability <= 1


def test_missing_and_further_columns_are_fine(risk, later):
    fewer = later.drop("amount_won", "note", "outcome").with_columns(pl.lit("x").alias("new"))
    assert risk.lacking(fewer.columns) == ["amount_won", "note"]
    assert len(risk.predict(fewer)) == len(later)


def test_id_time_counters_and_disguised_answers_do_not_speak():
    table = claims(600).with_row_index("number").with_columns(
        pl.col("number").cast(pl.String),
        pl.col("sent_on").str.slice(0, 4).alias("year"),
        pl.when(pl.col("outcome") == "returned").then(pl.lit("X7")).alias("return_code"),
        pl.lit("same").alias("hospital"),
        pl.concat_str(pl.lit("R"), pl.col("claim_id")).alias("reference"),
        pl.col("sent_on").str.replace_all("-", "").alias("stamp"),
    )  # fmt: skip
    found = fit(table, replace(ROLES, drop=("doctor",)))
    assert found.card["left_out"] == {
        "number": "names_rows", "doctor": "dropped", "return_code": "tells_answer", "hospital": "constant", "reference": "names_rows",
        "year": "counts_on",
    }  # fmt: skip
    kept = fit(table, replace(ROLES, keep=("return_code",)))
    assert "return_code" in {column["name"] for column in kept.card["columns"]}
    again = claims(100, 3)
    shifted = again.with_columns(pl.lit("2031-05-05").alias("sent_on"), pl.lit("2031-05-01").alias("visit_on"))
    elsewhere = shifted.with_columns(pl.lit("2038-05-03").alias("sent_on"), pl.lit("2038-04-29").alias("visit_on"))
    one, two = ([answer.probability for answer in found.predict(rows)] for rows in (shifted, elsewhere))
    assert one == two  # the same weekday, month and gap: the years between say nothing


def test_a_backtest_never_reads_a_later_answer():
    """Changing the outcomes of the last stretch changes the figures of that stretch alone."""
    table = claims(900)
    last = backtest(table, ROLES)["split"]["blocks"][-1]["known_before"]
    flipped = table.with_columns(
        pl.when(pl.col("sent_on") >= last)
        .then(pl.col("outcome").replace({"paid": "returned", "returned": "paid"}))
        .otherwise("outcome")
    )
    whole, changed = backtest(table, ROLES), backtest(flipped, ROLES)
    for there, here in zip(whole["periods"], changed["periods"], strict=True):
        if there["value"] < last[:7]:
            assert (there["predicted"], there["observed"]) == (here["predicted"], here["observed"])


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (claims(12), "too_little_data"),
        (claims(300).with_columns(pl.lit("paid").alias("outcome")), "constant_target"),
        (claims(300).with_columns(pl.lit("returned").alias("outcome")), "constant_target"),
        (
            claims(300).select("claim_id", "sent_on", "outcome").with_columns(pl.lit("2024").alias("sent_on")),
            "no_column",
        ),
    ],
)
def test_too_little_gives_the_overall_rate_and_says_so(table, reason):
    found = fit(table, replace(ROLES, groups=()))
    assert found.card["model"] == "usual" and found.card["reason"] == reason and found.is_baseline
    chances = {answer.probability for answer in found.predict(claims(5, 9))}
    assert len(chances) == 1 and 0 < chances.pop() < 1


@pytest.mark.parametrize("seed", range(4, 8))
def test_noise_leaves_a_simple_rate_in_use(seed):
    noise = np.random.default_rng(seed)
    table = pl.DataFrame({
        "id": [str(place) for place in range(600)], "x": noise.normal(size=600).astype(str), "y": noise.integers(0, 2, 600).astype(str),
    })  # fmt: skip
    found = fit(table, Roles("y", "1", "id"))
    assert found.card["model"] in ("naive", "usual") and found.card["reason"] == "not_better_than_naive"
    chances = [answer.probability for answer in found.predict(table)]
    assert min(chances) > 0.3 and max(chances) < 0.7


def test_blocks_of_unlike_size_and_columns_that_come_later():
    """The number of rounds and the pairs of numbers are one for all blocks, whatever each of them knew."""
    table = claims(1_000, 3).with_columns(pl.int_range(pl.len()).alias("row"))
    later = [
        pl.when(pl.col("row") > 700).then(pl.col("row") % size).cast(pl.String).alias(f"late{size}")
        for size in range(5, 13)
    ]
    for roles in (replace(ROLES, time=""), ROLES):
        found = fit(table.with_columns(later).drop("row"), replace(roles, groups=()))
        assert found.card["model"] not in ("usual", "naive")
        assert found.card["backtest"]["metrics"]["auc"] > found.card["backtest"]["naive"]["auc"]


def test_columns_that_are_empty_at_first():
    table = claims(600).select("claim_id", "sent_on", "outcome", "department", row=pl.int_range(pl.len()))
    table = table.with_columns(
        department=pl.when(pl.col("row") > 400).then("department"), sent_on=pl.col("row").cast(pl.String)
    )
    found = fit(table.drop("row"), replace(ROLES, groups=()))
    assert found.card["reason"] in ("", "not_better_than_naive", "no_later_rows")


def test_one_moment_is_dealt_by_the_id():
    found = fit(claims(800).with_columns(pl.lit("2026-01-01").alias("sent_on")), ROLES)
    assert found.card["backtest"]["split"]["kind"] == "hash of the id" and found.card["model"] != "usual"
    assert (
        found.evaluate(claims(100, 2, first_day=900))["split"] | {"later": 100}
        == found.evaluate(claims(100, 2, first_day=900))["split"]
    )


def test_the_time_of_a_row_speaks_by_weekday_and_season_alone():
    noise = np.random.default_rng(8)
    days = np.sort(noise.integers(0, 800, 1_200))
    late = noise.random(1_200) < np.where(days % 7 < 2, 0.7, 0.2)
    table = pl.DataFrame({
        "id": [str(place) for place in range(1_200)], "on": [str(np.datetime64("2024-01-01") + day) for day in days],
        "x": noise.normal(size=1_200).astype(str), "late": late.tolist(),
    }, schema_overrides={"late": pl.Boolean}).with_columns(pl.col("late").cast(pl.String))  # fmt: skip
    found = fit(table, Roles("late", "true", "id", "on"))
    monday, friday = found.predict(
        pl.DataFrame({"id": ["a", "b"], "on": ["2026-11-30", "2026-12-04"], "x": ["0", "0"]})
    )
    assert monday.probability > 0.5 > friday.probability
    assert (monday.reasons[0].column, monday.reasons[0].value) == ("on", None)
    assert monday.reasons[0].said("en").startswith("on ‘weekday, month, hour’ raises it")


@pytest.mark.parametrize(("values", "positive"), [(("0", "1"), "1"), (("0", "1"), "1.0"), (("0.0", "1.0"), "1"), (("false", "true"), "True"), (("false", "true"), "1"), (("No", "Yes"), "yes"), ((" no", "yes "), "yes")])  # fmt: skip
def test_positive_values_as_text_or_number(values, positive):
    table = claims(200).with_columns(pl.col("outcome").replace({"paid": values[0], "returned": values[1]}))
    hits = (table["outcome"] == values[1]).sum()
    assert fit(table, replace(ROLES, positive=positive)).card["rows"]["positives"] == hits


def test_repeated_rows_change_nothing():
    table = claims(300)
    once, twice = (fit(rows, ROLES) for rows in (table, pl.concat([table, table[:100]])))
    assert twice.card["rows"]["repeated"] == 100
    assert [answer.probability for answer in once.predict(table)] == [
        answer.probability for answer in twice.predict(table)
    ]


def test_rows_without_an_answer_are_left_out():
    table = claims(300)
    open_ones = table.with_columns(pl.when(pl.int_range(pl.len()) < 250).then("outcome").alias("outcome"))
    assert fit(open_ones, ROLES).card["rows"]["without_target"] == 50


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"target": "none"}, "no_such_column"), ({"id": "none"}, "no_such_column"), ({"time": "department"}, "bad_time"),
        ({"positive": "retuned"}, "positive_not_found"), ({"groups": ("none",)}, "no_such_column"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(change, code):
    with pytest.raises(InputError, match=code):
        fit(claims(100), replace(ROLES, **change))


def test_a_product_of_two_numbers_is_found():
    noise = np.random.default_rng(6)
    speed, torque = noise.normal(1_500, 200, 1_500), noise.normal(40, 10, 1_500)
    broken = (speed * torque > 78_000) | (noise.random(1_500) < 0.02)
    table = pl.DataFrame({"id": [str(place) for place in range(1_500)], "speed": speed.astype(str), "torque": torque.astype(str), "broken": broken.astype(int).astype(str)})  # fmt: skip
    found = fit(table, Roles("broken", "1", "id"))
    assert "pairs" in found.card["model"] and found.card["backtest"]["metrics"]["ap"] > 0.75
    assert Risk.predict(found, table[:3])[0].reasons
