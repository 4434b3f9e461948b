"""The plan's before/after comparison (실증 실험): the same statements with and without Tamna's checks, judged by the same agency.

Both arms get the same people, mistakes and dice of the agency (common random numbers), so a difference comes from the checks alone.
Without: clerks read every statement and find some mistakes. With: nobody reads what nothing was found on; a mistake is mended only
where a rule of the product found it, and only with the clerk's chance to follow. What no rule sees stays and comes back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

import polars as pl
import yaml

from tamna.engines.claimcheck import RuleSet
from tamna.simulators.agency import Decision, Judge, Known
from tamna.simulators.agency.habits import chance
from tamna.simulators.agency.judge import Memory
from tamna.simulators.hospital.clerical import Mistake, mistaken, put_right, register_of
from tamna.simulators.hospital.figures import figures
from tamna.simulators.hospital.month import hospital_month
from tamna.simulators.hospital.seasons import Month
from tamna.synthetic.statements import (
    Document,
    Statements,
    billed,
    documents,
    licensed,
    received_on,
    rewritten,
    written,
)

ARMS = ("without", "with")
BACK = ("returned", "impossible")
REMOVED = (
    "duplicate_day",
    "impossible_sex",
    "unbundled_pair",
)  # slips of ordering that a clerk takes off the statement
LESS = {"quantity_slip": 2, "wrong_frequency": 4}  # or lowers by so much


@lru_cache(maxsize=1)
def model() -> Any:
    """The published model of minutes and of what people follow."""
    return yaml.safe_load(resources.files("tamna.synthetic").joinpath("experiment.yaml").read_text(encoding="utf-8"))


@dataclass
class Tally:
    """Sums of one arm over some days."""

    statements: int = 0
    wrong: int = 0  # sent with a clerk's mistake still in them
    back: int = 0
    adjusted: int = 0
    asked_won: int = 0
    back_won: int = 0
    cut_won: int = 0
    minutes: float = 0.0
    opened: int = 0  # statements a clerk opened
    right: int = 0  # of these, with a mistake that the finding was about
    causes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def figures(self) -> dict[str, float]:
        n = max(1, self.statements)
        return {
            "error_rate": self.wrong / n, "return_rate": self.back / n, "cut_rate": self.adjusted / n, "cut_won_share": self.cut_won / max(1, self.asked_won - self.back_won),
            "returned_won_share": self.back_won / max(1, self.asked_won), "minutes_a_claim": self.minutes / n,
        }  # fmt: skip


@dataclass
class Run:
    """One seed's hospital over the days asked for."""

    seed: int
    arms: dict[str, Tally]
    months: dict[str, list[Tally]]  # by stretch of thirty days
    mistakes: Counter[str]
    caught: dict[str, Counter[str]]  # mended before sending, by arm; `found`: a rule spoke of it


def run(seed: int, last: Month, days: int, only: tuple[str, ...] = ()) -> Run:
    """Both arms of one seed, `days` up to the end of the month `last`; with `only` these rules of the product alone."""
    ends = last.days[-1]
    first = ends - timedelta(days=days - 1)
    stretches = (days + 29) // 30
    result = Run(
        seed,
        {arm: Tally() for arm in ARMS},
        {arm: [Tally() for _ in range(stretches)] for arm in ARMS},
        Counter(),
        {name: Counter() for name in (*ARMS, "found")},
    )
    months = [last]
    while months[0].first > first:
        months.insert(0, months[0].shifted(-1))
    for month in months:
        _month(result, seed, month, first, only)
    return result


@dataclass
class Sheet:
    """A statement in both states, and what was found on it."""

    clean: Document  # without the clerk's mistake
    sent: Document  # as the clerk wrote it
    right: Document | None  # as it should have been; None: not claimed at all
    mistake: Mistake | None
    known: Known
    slips: list[tuple[int, str]]  # line, fault


def _month(result: Run, seed: int, month: Month, first: date, only: tuple[str, ...]) -> None:
    made = hospital_month(seed, month)
    statements = written(made, *billed(made, month), month)
    sheets, erred = _sheets(seed, statements)
    rules = _rules(licensed(seed), only)
    found = _found(statements, sheets, erred, rules)
    for arm in ARMS:
        judge, memory = Judge(seed), Memory()
        for name, sheet in sheets.items():
            on = sheet.clean["claim"]["last_service_on"]
            seen = found.get(name, {})
            text, spent = (
                _by_hand(seed, sheet) if arm == "without" else _checked(seed, sheet, seen, (on - first).days, rules)
            )
            decision = judge.decide(text, received_on(month), sheet.known, memory) if text is not None else None
            if on < first:
                continue
            tally = _tally(arm, decision, spent, seen, (on - first).days)
            tally.wrong = int(sheet.mistake is not None and text is not None and _is_wrong(text, sheet))
            result.arms[arm].add(tally)
            result.months[arm][(on - first).days // 30].add(tally)
            if sheet.mistake:
                if arm == ARMS[0]:
                    result.mistakes[sheet.mistake.kind] += 1
                    result.caught["found"][sheet.mistake.kind] += bool(seen.get("mistake"))
                result.caught[arm][sheet.mistake.kind] += 1 - tally.wrong


def _sheets(seed: int, statements: Statements) -> tuple[dict[str, Sheet], dict[str, Mistake]]:
    texts = documents(statements)
    doctors = licensed(seed)
    registered = {text["claim"]["claim_id"]: register_of(text["claim"], doctors) for text in texts}
    clean = {text["claim"]["claim_id"]: text for text in texts}
    drawn = deepcopy([text for text in texts if chance(seed, "clerical", text["claim"]["claim_id"]) < 0.4])
    erred, changed = mistaken(seed, drawn, doctors)
    sent = {text["claim"]["claim_id"]: text for text in drawn if text["claim"]["claim_id"] in erred}
    slips: dict[str, list[tuple[int, str]]] = {}
    for name, line_no, fault in statements.faults.select("claim_id", "line_no", "fault").iter_rows():
        slips.setdefault(name, []).append((line_no, fault))
    sheets = {
        name: Sheet(text, sent.get(name, text), put_right(text, changed[name]) if name in changed else text, erred.get(name), changed.get(name, registered[name]), slips.get(name, []))
        for name, text in clean.items()
    }  # fmt: skip
    return sheets, erred


Found = dict[str, list[int | None]]  # rule → lines, of findings that ask for a clerk


@lru_cache(maxsize=1)
def _rules(doctors: frozenset[str], only: tuple[str, ...]) -> RuleSet:
    """The product's rules with the hospital's own staff list beside them."""
    rows = [
        {"doctor_license": number, "kind": "doctor", "valid_from": "2018-01-01", "valid_to": ""}
        for number in sorted(doctors)
    ]
    return RuleSet.load(only=only).with_table("staff", rows)


def _findings(rules: RuleSet, statements: Statements) -> dict[str, Found]:
    claims = statements.claims.drop("payer", "doctor", "encounter_id")
    who = claims.select("claim_id", "doctor_license")
    lines = statements.lines.join(who, on="claim_id", how="left", maintain_order="left")
    frame = rules.check_frames(claims, lines, statements.diagnoses)
    wanted = frame.filter(~pl.col("hidden") & (pl.col("severity") != "warn")).select("claim_id", "rule_id", "line_no")
    found: dict[str, Found] = {}
    for name, rule, line_no in wanted.iter_rows():
        found.setdefault(name, {}).setdefault(rule, []).append(line_no)
    return found


def _found(
    statements: Statements, sheets: Mapping[str, Sheet], erred: Mapping[str, Mistake], rules: RuleSet
) -> dict[str, dict[str, Any]]:
    """What the product's rules say of each statement as written, and which of it speaks of the mistake.

    A finding is about the mistake when it is there on the statement as written and gone on the right one, both looked at alone.
    """
    whole = _findings(rules, rewritten(statements, (sheets[name].sent for name in erred), erred))
    wrong = _findings(rules, _only(statements, [sheets[name].sent for name in erred]))
    right = _findings(rules, _only(statements, [sheets[name].clean for name in erred]))
    return {
        name: {"all": rows, "mistake": set(rows) & (set(wrong.get(name, ())) - set(right.get(name, ())))}
        for name, rows in whole.items()
    }


def _only(like: Statements, texts: list[Document]) -> Statements:
    none = Statements(like.claims.clear(), like.lines.clear(), like.diagnoses.clear(), like.faults.clear())
    return rewritten(none, texts, {text["claim"]["claim_id"]: None for text in texts})


def _by_hand(seed: int, sheet: Sheet) -> tuple[Document | None, float]:
    """Clerks read everything; a mistake is found with the published chance. Minutes are the plan's own figure."""
    minutes = float(model()["plan"]["minutes_a_claim"])
    if sheet.mistake and chance(seed, "by hand", sheet.mistake.claim_id) < model()["without"]["caught_by_hand"]:
        return sheet.right, minutes
    return sheet.sent, minutes


def _week(day: int) -> Mapping[str, float]:
    weeks: list[dict[str, float]] = model()["weeks"]
    return next(week for week in weeks if day < week["until_day"])


def _checked(
    seed: int, sheet: Sheet, seen: Mapping[str, Any], day: int, rules: RuleSet
) -> tuple[Document | None, float]:
    """Only what a rule found is opened; only what it is about is mended."""
    table, week = model()["with_tamna"], _week(max(0, day))
    rows: Found = seen.get("all", {})
    if not rows:
        return sheet.sent, table["batch"]
    # one wrong number shows on every line of a statement: a clerk decides a rule once
    minutes = (table["first_finding"] + table["further_finding"] * (len(rows) - 1)) * week["slower"]
    name = sheet.clean["claim"]["claim_id"]
    follows = table["mends_adjust"] * week["follows"]
    text: Document | None = sheet.sent
    held = any(rules.by_id[rule].severity == "reject" for rule in seen["mistake"])
    if sheet.mistake and seen["mistake"] and chance(seed, "mends", name) < (table["mends_reject"] if held else follows):
        text = sheet.right
    lines = {line for places in rows.values() for line in places}
    for line_no, fault in sheet.slips:
        if text is not None and line_no in lines and chance(seed, "slip", name, line_no) < follows:
            text = _without_slip(text, line_no, fault, sheet)
    return text, minutes


def _is_wrong(text: Document, sheet: Sheet) -> bool:
    """Whether the clerk's mistake is still in what was sent, whatever slip of ordering was taken off beside it."""
    return text is sheet.sent or text.get("of") == "sent"


def _without_slip(text: Document, line_no: int, fault: str, sheet: Sheet) -> Document:
    """The statement without an order's slip; clinical choices stay as they are."""
    if fault not in REMOVED and fault not in LESS:
        return text
    mended = (
        text
        if all(text is not one for one in (sheet.clean, sheet.sent, sheet.right))
        else {**deepcopy(text), "of": "sent" if text is sheet.sent else "right"}
    )
    if fault in REMOVED:
        if len(mended["lines"]) > 1:
            mended["lines"] = [line for line in mended["lines"] if line["line_no"] != line_no]
    else:
        for line in mended["lines"]:
            if line["line_no"] == line_no and line["quantity"] > LESS[fault]:
                left = (line["quantity"] - LESS[fault]) / line["quantity"]
                line["dose"], line["quantity"] = line["dose"] * left, line["quantity"] - LESS[fault]
                line["amount"] = int(line["unit_price"] * line["quantity"] + 0.5)
    claim, total = mended["claim"], sum(line["amount"] for line in mended["lines"]) // 10 * 10
    claim["patient_share"] = min(total, claim["patient_share"] * total // max(1, claim["total_amount"]) // 10 * 10)
    claim["total_amount"], claim["insurer_share"] = total, total - claim["patient_share"]
    return mended


def _tally(arm: str, decision: Decision | None, spent: float, seen: Mapping[str, Any], day: int) -> Tally:
    table, week = model()["with_tamna"], _week(day)
    if decision is None:  # another payer's visit after all: work, but no statement
        return Tally(minutes=spent, opened=int(arm == "with"), right=int(arm == "with"))
    is_back, is_cut = decision.status in BACK, decision.status == "adjusted"
    if arm == "with":
        spent += ((table["returned"] if is_back else 0) + (table["adjusted"] if is_cut else 0)) * week["slower"]
    return Tally(
        statements=1, back=int(is_back), adjusted=int(is_cut), asked_won=decision.asked_won, back_won=decision.asked_won if is_back else 0,
        cut_won=decision.asked_won - decision.decided_won if is_cut else 0, minutes=spent, opened=int(arm == "with" and bool(seen)),
        right=int(arm == "with" and bool(seen.get("mistake"))), causes=Counter({f"{decision.status}:{decision.cause}": 1} if decision.cause else {}),
    )  # fmt: skip


def unseen(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Each kind of mistake: how many were made, and which share each arm mended before sending."""
    made: Counter[str] = Counter()
    caught = {name: Counter[str]() for name in (*ARMS, "found")}
    for one in runs:
        made += one.mistakes
        for name, counts in caught.items():
            counts += one.caught[name]
    return [
        {"kind": kind, "made": count, **{name: round(counts[kind] / count, 4) for name, counts in caught.items()}}
        for kind, count in made.most_common()
    ]


def rate_of_mistakes() -> float:
    return float(figures("clerical")["rate"])
