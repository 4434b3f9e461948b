"""The table of the before/after comparison (성과 지표): means over hospitals, paired changes with 95 % intervals, targets as they were met."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

import tamna
from tamna.simulators.hospital.seasons import Month
from tamna.synthetic.experiment import ARMS, Run, Tally, model, rate_of_mistakes, unseen

NAMES = {
    "error_rate": ("Statements sent with a mistake", "오류가 남은 채 보낸 명세서", "%"), "return_rate": ("Returned or not reviewable", "반송·심사불능률", "%"),
    "cut_rate": ("Statements cut", "조정(삭감) 명세서 비율", "%"), "cut_won_share": ("Won cut of reviewed", "심사 금액 대비 조정률", "%"),
    "returned_won_share": ("Won that came back", "반송된 금액 비율", "%"), "minutes_a_claim": ("Clerk minutes a claim", "청구 1건당 업무 시간", "min"),
    "reception_minutes": ("Reception minutes a patient", "접수 시간", "min"), "wait_minutes": ("Waiting minutes", "대기 시간", "min"),
}  # fmt: skip
NOTICE = "Simulated. Nobody in it exists; no figure was measured in a hospital."


def report(runs: Sequence[Run], last: Month, days: int) -> dict[str, Any]:
    """Every figure, JSON-ready."""
    values = {arm: [one.arms[arm].figures() for one in runs] for arm in ARMS}
    kpi = [
        _row(name, [row[name] for row in values["without"]], [row[name] for row in values["with"]])
        for name in values["with"][0]
    ]
    targets = model()["targets"]
    for name, reason in model()["not_measured"].items():
        kpi.append({**_named(name), "measured": False, "why": reason, "target": targets[name], "reached": None})
    opened = _sum(runs, "with")
    return {
        "is_synthetic": True, "notice": NOTICE, "tamna": tamna.__version__, "seeds": [one.seed for one in runs], "days": days, "last": str(last),
        "statements": {arm: _sum(runs, arm).statements for arm in ARMS}, "kpi": kpi, "by_thirty_days": _stretches(runs),
        "opened_share": round(opened.opened / max(1, opened.statements), 4), "opened_with_a_mistake": round(opened.right / max(1, opened.opened), 4),
        "mistakes": unseen(runs), "answers": {arm: dict(_sum(runs, arm).causes.most_common()) for arm in ARMS},
        "assumptions": {**model(), "mistakes_before_any_check": rate_of_mistakes()}, "not_measured": model()["not_measured"],
    }  # fmt: skip


def _sum(runs: Sequence[Run], arm: str) -> Tally:
    whole = Tally()
    for one in runs:
        whole.add(one.arms[arm])
    return whole


def _named(name: str) -> dict[str, str]:
    en, ko, unit = NAMES[name]
    return {"id": name, "en": en, "ko": ko, "unit": unit}


def _row(name: str, before: list[float], after: list[float]) -> dict[str, Any]:
    old, new = np.array(before), np.array(after)
    known = old > 0
    change = _interval((new[known] - old[known]) / old[known]) if known.any() else _interval(np.array([]))
    row: dict[str, Any] = {
        **_named(name),
        "measured": True,
        "without": _interval(old),
        "with": _interval(new),
        "change": change,
    }
    target = model()["targets"].get(name)
    if target:
        side = change if "change" in target else row["with"]
        goal = target.get("change", target.get("level"))
        row |= {"target": target, "reached": None if side["mean"] is None else side["mean"] <= goal,
                "surely": None if side["high"] is None else side["high"] <= goal}  # fmt: skip
    return row


def _interval(values: np.ndarray) -> dict[str, float | None]:
    """Mean with its 95 % interval (Student) over hospitals; none for a single one."""
    if not len(values):
        return {"mean": None, "low": None, "high": None}
    mean = float(values.mean())
    if len(values) < 2:
        return {"mean": round(mean, 5), "low": None, "high": None}
    half = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return {"mean": round(mean, 5), "low": round(mean - half, 5), "high": round(mean + half, 5)}


def _stretches(runs: Sequence[Run]) -> list[dict[str, Any]]:
    found = []
    for place in range(len(runs[0].months["with"])):
        row: dict[str, Any] = {"days": f"{place * 30 + 1}–{place * 30 + 30}"}
        for name in ("error_rate", "return_rate", "minutes_a_claim"):
            both = {arm: [one.months[arm][place].figures()[name] for one in runs] for arm in ARMS}
            row[name] = {
                key: value
                for key, value in _row(name, both["without"], both["with"]).items()
                if key in ("without", "with", "change")
            }
        found.append(row)
    return found


WORDS = {
    "ko": ("모의실험: 병원 {seeds}곳, {days}일 (실제 병원에서 잰 값이 아닙니다)", "지표", "점검 없음", "Tamna 점검", "변화 [95 %]", "목표", "달성", "미달", "미측정"),
    "en": ("Simulation: {seeds} hospitals, {days} days (not measured in a hospital)", "Figure", "Without", "With Tamna", "Change [95 %]", "Target", "reached", "not reached", "not measured"),
}  # fmt: skip


def table(found: dict[str, Any], lang: str) -> str:
    """The table for people."""
    head, figure, without, with_, change, target, reached, missed, unmeasured = WORDS[lang]
    rows = [(figure, without, with_, change, target, "")]
    for row in found["kpi"]:
        goal = row.get("target", {})
        wanted = f"{goal['change']:+.0%}" if "change" in goal else f"≤ {goal['level']:g}" if "level" in goal else ""
        if not row["measured"]:
            rows.append((row[lang], "–", "–", unmeasured, wanted, row["why"][lang]))
            continue
        verdict = "" if not goal else reached if row["reached"] else missed
        rows.append(
            (
                row[lang],
                _said(row["without"], row["unit"]),
                _said(row["with"], row["unit"]),
                _changed(row["change"]),
                wanted,
                verdict,
            )
        )
    widths = [max(_width(row[place]) for row in rows) for place in range(5)]
    lines = [head.format(seeds=len(found["seeds"]), days=found["days"]), ""]
    lines += [
        "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, [*widths, 0], strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _said(value: dict[str, float | None], unit: str) -> str:
    mean = value["mean"]
    return "–" if mean is None else f"{mean:.2%}" if unit == "%" else f"{mean:.2f}"


def _changed(value: dict[str, float | None]) -> str:
    if value["mean"] is None:
        return "–"
    span = "" if value["low"] is None else f" [{value['low']:+.1%}, {value['high']:+.1%}]"
    return f"{value['mean']:+.1%}{span}"


def _width(text: str) -> int:
    """Columns of a terminal: Korean letters take two."""
    return sum(2 if "가" <= letter <= "힣" else 1 for letter in text)
