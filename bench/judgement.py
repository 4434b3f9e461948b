"""How well the checks judge statements of the synthetic hospital, each figure beside a naive baseline.

Rules: recall of clerks' mistakes a rule can see, beside reading by hand. Outliers (claim.over): recall of the planted over-claim faults at
2 % alarms, beside the total's distance from its department. Omissions (claim.omit): items always done that were taken off, beside the
most frequent item of the setting. Risk (claim.risk): AUC and log loss of returns and cuts on the last month, beside the usual rate.
The planted labels are read here only.

Choices are made on other seeds than are judged: 11 to 14 for the former, 1 to 3 for the latter.

Run: python -m bench.judgement [--seeds 1,2,3] [--months 5] [--only over]
"""

import argparse
import json
from collections.abc import Callable
from statistics import mean
from typing import Any

import numpy as np
import polars as pl

from tamna.engines.risk import Roles, fit, omissions, outliers
from tamna.simulators.hospital.figures import figures
from tamna.simulators.hospital.seasons import Month
from tamna.simulators.hospital.services import FAULTS
from tamna.synthetic import experiment
from tamna.synthetic.years import tables_of

ALARMS = 0.02
SEEN_BY_NO_RULE = ("card_typed",)  # only the insurer knows that these digits are another person's
Tables = dict[str, pl.DataFrame]


def months(seed: int, count: int) -> tuple[list[Tables], list[Tables]]:
    last = Month(2026, 10)
    both = [tables_of(seed, last.shifted(-back)) for back in range(count - 1, -1, -1)]
    return [plain for plain, _ in both], [truth for _, truth in both]


def together(tables: list[Tables], name: str) -> pl.DataFrame:
    return pl.concat([part[name] for part in tables])


def rules(seed: int) -> dict[str, float]:
    """Share of clerks' mistakes mended by what rules found on them; by hand beside it."""
    run = experiment.run(seed, Month(2026, 9), 30)
    made, found = run.mistakes, run.caught
    known = [kind for kind in made if kind not in SEEN_BY_NO_RULE]
    told = sum(found["found"][kind] for kind in known) if "found" in found else 0
    return {"recall": told / sum(made[kind] for kind in known), "recall_all": sum(found["found"].values()) / sum(made.values()),
            "by_hand": sum(found["without"].values()) / sum(made.values())}  # fmt: skip


def over(plain: list[Tables], truth: list[Tables]) -> dict[str, float]:
    """The month before the last is judged, so that stays which end later are known, as a hospital knows who lies in bed."""
    claims, diagnoses = together(plain, "claims"), together(plain, "diagnoses")
    known = outliers.with_past(claims, diagnoses)
    judged, past = plain[-2], plain[:-2]
    ids = pl.Series(judged["claims"]["claim_id"])
    old = pl.Series(together(past, "claims")["claim_id"])
    norms = outliers.fit(
        known.filter(pl.col("claim_id").is_in(old.implode())),
        together(past, "lines"),
        together(past, "diagnoses"),
        alarms=ALARMS,
    )
    rows = known.filter(pl.col("claim_id").is_in(ids.implode()))
    found = outliers.scores(norms, rows, judged["lines"], judged["diagnoses"])
    best = found.group_by("claim_id").agg(pl.col("p").min()).sort("p", "claim_id")
    count = int(ALARMS * rows.height)
    planted = truth[-2]["faults"].filter(pl.col("fault").is_in(FAULTS)).unique("claim_id")
    slips = truth[-2]["faults"]["claim_id"].unique()
    top = best.head(count)["claim_id"]
    peers = rows.with_columns(
        z=(pl.col("total_amount").log1p() - pl.col("total_amount").log1p().median().over("setting", "department"))
    )
    naive = peers.sort("z", descending=True).head(count)["claim_id"]
    each = {
        f"recall_{fault}": planted.filter(pl.col("fault") == fault)["claim_id"].is_in(top.implode()).mean()
        for fault in FAULTS
    }
    return each | {
        "recall": planted["claim_id"].is_in(top.implode()).mean(), "naive": planted["claim_id"].is_in(naive.implode()).mean(),
        "precision_of_any_fault": top.is_in(slips.implode()).mean(), "alarms": float((best["p"] <= norms.cutoff).sum() / rows.height),
    }  # fmt: skip


def omit(plain: list[Tables], seed: int) -> dict[str, float]:
    """One item that is always done is taken off one statement in twenty."""
    always = {
        code for orders in figures("orders")["departments"].values() for chance, code, _ in orders if chance >= 0.9
    }
    always |= {code for chance, code, _ in figures("orders")["inpatient_day"] if chance >= 0.9} | {"AA156", "AA256"}
    always |= set(figures("years")["stays"]["anaesthesia"].values())
    past, judged = plain[:-1], plain[-1]
    known = omissions.fit(together(past, "claims"), together(past, "lines"), together(past, "diagnoses"))
    before = omissions.missing(known, judged["claims"], judged["lines"], judged["diagnoses"])
    dice = np.random.default_rng(seed)
    chosen = judged["claims"].filter(pl.Series(dice.random(judged["claims"].height) < 0.05))["claim_id"]
    lines = judged["lines"].filter(pl.col("claim_id").is_in(chosen.implode()) & pl.col("code").is_in(list(always)))
    lines = (
        lines.with_columns(draw=pl.Series(dice.random(lines.height)))
        .sort("claim_id", "draw")
        .unique("claim_id", keep="first", maintain_order=True)
    )
    gone = lines.select("claim_id", "code", item=omissions._named(), amount="amount")
    left = judged["lines"].join(gone.select("claim_id", "code"), on=["claim_id", "code"], how="anti")
    after = omissions.missing(known, judged["claims"], left, judged["diagnoses"]).join(
        before, on=["claim_id", "expected", "reason"], how="anti"
    )
    hit = gone.join(after.select("claim_id", item="expected"), on=["claim_id", "item"], how="inner")
    usual = (
        judged["lines"]
        .join(judged["claims"].select("claim_id", "setting"), on="claim_id")
        .group_by("setting", "code")
        .len()
        .sort("len", descending=True)
        .unique("setting", keep="first")
    )
    naive = gone.join(judged["claims"].select("claim_id", "setting"), on="claim_id").join(
        usual.select("setting", "code"), on=["setting", "code"], how="inner"
    )
    return {"recall": hit.height / max(1, gone.height), "naive": naive.height / max(1, gone.height), "questions_a_hundred": 100 * before["claim_id"].n_unique() / judged["claims"].height,
            "recall_won": hit["amount"].sum() / max(1, gone["amount"].sum())}  # fmt: skip


def risk(plain: list[Tables]) -> dict[str, float]:
    """Learnt on earlier months, judged on the last."""

    def table(parts: list[Tables]) -> pl.DataFrame:
        lines = together(parts, "lines").group_by("claim_id").agg(
            codes=pl.col("code").unique().sort().str.join(" "), lines=pl.len(), most=pl.col("quantity").max(), dearest=pl.col("amount").max()
        )  # fmt: skip
        diagnoses = (
            together(parts, "diagnoses")
            .sort("claim_id", "seq")
            .group_by("claim_id", maintain_order=True)
            .agg(principal=pl.col("code").first())
        )
        about = together(parts, "claims").select(
            "claim_id",
            "setting",
            "department",
            "doctor_license",
            "insurer_kind",
            "sex",
            "first_visit_on",
            "insurer_share",
            "special_code",
        )
        answers = together(parts, "answers").select("claim_id", back=(pl.col("status") != "full").cast(pl.Int64))
        whole = about.join(lines, on="claim_id").join(diagnoses, on="claim_id", how="left").join(answers, on="claim_id")
        return whole.select(pl.all().cast(pl.String))

    found = fit(table(plain[:-1]), Roles("back", "1", "claim_id", "first_visit_on")).evaluate(table(plain[-1:]))
    return {"auc": found["metrics"]["auc"], "auc_naive": found["naive"]["auc"], "log_loss": found["metrics"]["log_loss"], "log_loss_naive": found["naive"]["log_loss"],
            "top_tenth_recall": found["top_tenth"]["recall"], "slope": found["calibration"]["slope"]}  # fmt: skip


Judged = Callable[[int, list[Tables], list[Tables]], dict[str, float]]
JUDGED: dict[str, Judged] = {
    "rules": lambda seed, plain, truth: rules(seed),
    "over": lambda seed, plain, truth: over(plain, truth),
    "omit": lambda seed, plain, truth: omit(plain, seed),
    "risk": lambda seed, plain, truth: risk(plain),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--months", type=int, default=5)
    parser.add_argument("--only", choices=JUDGED)
    args = parser.parse_args()
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in map(int, args.seeds.split(",")):
        plain, truth = months(seed, args.months)
        for name, figures_of in JUDGED.items():
            if args.only in (None, name):
                rows.setdefault(name, []).append(figures_of(seed, plain, truth))
    print(
        json.dumps(
            {name: {key: _span([row[key] for row in found]) for key in found[0]} for name, found in rows.items()},
            indent=1,
        )
    )


def _span(values: list[Any]) -> dict[str, float]:
    return {"mean": round(mean(values), 4), "least": round(min(values), 4), "most": round(max(values), 4)}


if __name__ == "__main__":
    main()
