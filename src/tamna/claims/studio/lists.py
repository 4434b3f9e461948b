"""Lists of the rule studio: rules, and what changed."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.claims.studio import ruleset
from tamna.claims.studio.models import RuleSwitch
from tamna.claims.studio.selectors import Row
from tamna.claims.words import source_name
from tamna.core.format import language
from tamna.core.lists import Column, Filter, Listing, day_of, define

STATES = {
    "on": noop("In force"),
    "planned": noop("From a later day"),
    "off": noop("Not in force"),
    "draft": noop("Draft"),
}
GROUPS = {
    "required field, format": noop("Required fields"), "medicine": noop("Medicine"), "arithmetic": noop("Arithmetic"), "diagnosis": noop("Diagnoses"),
    "inpatient": noop("Inpatient"), "dates": noop("Dates"), "special note": noop("Special notes"), "special case, copayment": noop("Special cases, copayment"),
    "medical aid": noop("Medical aid"), "pregnancy, newborn": noop("Pregnancy, newborn"), "staff, equipment": noop("Staff, equipment"),
    "person, eligibility": noop("Person, eligibility"), "quantity, frequency": noop("Quantity, frequency"), "surgery, anaesthesia": noop("Surgery, anaesthesia"),
    "DRG": noop("DRG"), "emergency": noop("Emergency"), "imaging, laboratory": noop("Imaging, laboratory"), "auto, industrial": noop("Auto, industrial"),
    "visit and consultation": noop("Visits, consultations"), "exclusive, included": noop("Exclusive, included"), "code validity": noop("Validity of codes"),
    "age, sex": noop("Age, sex"), "outlier, pattern": noop("Outliers, patterns"), "own": noop("The hospital's own"),
}  # fmt: skip
MARKS = {"S": noop("From the article itself"), "K": noop("Known practice"), "?": noop("Unconfirmed")}
ENDED = {"full": noop("Paid in full"), "adjusted": noop("Cut"), "returned": noop("Returned"), "impossible": noop("Not reviewable"),
         "held": noop("On hold"), "waiting": noop("no answer yet")}  # fmt: skip
SEVERITIES = {"reject": noop("Would return"), "adjust": noop("Would be cut"), "warn": noop("Look")}


def group_name(group: str) -> str:
    return _(GROUPS[group]) if group in GROUPS else group


def _with(rows: Sequence[Row], text: str) -> list[Row]:
    """Every word of the search stands in number, title, message, source or group."""
    asked = text.lower().split()
    return [row for row in rows if all(word in f"{row.words} {group_name(row.rule.group).lower()}" for word in asked)]


def _on_day(rows: Sequence[Row], text: str) -> list[Row]:
    held = ruleset.in_force(day_of(text) or date.max)
    return [row for row in rows if row.id in held]


def _in_state(rows: Sequence[Row], state: str) -> list[Row]:
    if state == "waits":
        return [row for row in rows if row.waits]
    return [row for row in rows if (row.is_own if state == "own" else row.state == state)]


RULES = define(
    Listing(
        "rules", noop("Claim rules"), "claims.see", view="claims:rules", order=("id",),
        columns=(
            Column("id", noop("Rule"), lambda row: row.id, sort=("id",)),
            Column("what", noop("What"), lambda row: row.title(language())),
            Column("severity", noop("Severity"), lambda row: _(SEVERITIES[row.rule.severity]), sort=("severity",)),
            Column("state", noop("State"), lambda row: _(STATES[row.state]), sort=("state",)),
            Column("hits", noop("Hits, 30 days"), lambda row: row.hits, number=True, sort=("hits",)),
            Column("won", noop("At risk"), lambda row: row.won, number=True, wide=True, sort=("won",)),
            Column("group", noop("Group"), lambda row: group_name(row.rule.group), wide=True, sort=("group",)),
            Column("source", noop("Source"), lambda row: source_name(row.rule.source), wide=True),
            Column("since", noop("Since"), lambda row: str(row.since or ""), in_file=True),
            Column("mark", noop("Mark"), lambda row: row.rule.mark, wide=True),
        ),
        filters=(
            Filter("q", noop("Code, words, article"), _with),
            Filter("group", noop("Group"), lambda rows, group: [row for row in rows if row.rule.group == group], kind="choice",
                   options=lambda: [(key, group_name(key)) for key in GROUPS]),
            Filter("severity", noop("Severity"), lambda rows, severity: [row for row in rows if row.rule.severity == severity],
                   kind="choice", options=lambda: [(key, _(text)) for key, text in SEVERITIES.items()]),
            Filter("state", noop("State"), _in_state, kind="choice",
                   options=lambda: [(key, _(text)) for key, text in {"waits": noop("Waits for approval"), "own": noop("The hospital's own"), **STATES}.items()]),
            Filter("mark", noop("Mark"), lambda rows, mark: [row for row in rows if row.rule.mark == mark], kind="choice",
                   options=lambda: [(key, _(text)) for key, text in MARKS.items()]),
            Filter("on", noop("In force for care on"), _on_day, kind="day"),
        ),
        empty=noop("No rule fits."),
    )
)  # fmt: skip


def _person(user: Any) -> str:
    return user.name if user else ""


def kind_of(switch: RuleSwitch) -> str:
    """새 규칙, 새 판, 중지, 되살림"""
    if switch.kind == RuleSwitch.Kind.OFF:
        return _("Retired")
    if switch.version is None:
        return _("Back to the shipped wording")
    return _("New") if switch.version.number == 1 and switch.rule_id not in ruleset.shipped().by_id else _("Changed")


def title_of(switch: RuleSwitch) -> str:
    """What the rule is about, in its wording of that switch."""
    lang = language()
    if switch.version is not None:
        title = ruleset.raw_of(switch.version.text).get("title", {})
    else:
        known = ruleset.shipped().by_id.get(switch.rule_id)
        title = known.title if known else {}
    return title if isinstance(title, str) else str(title.get(lang) or title.get("ko") or switch.rule_id)


CHANGES = define(
    Listing(
        "rules.changes", noop("What changed in the claim rules"), "claims.see", view="claims:rule-changes", order=("-decided_at", "-id"),
        columns=(
            Column("decided", noop("Decided"), lambda row: str(row.decided_at)),
            Column("rule", noop("Rule"), lambda row: row.rule_id),
            Column("what", noop("What"), title_of),
            Column("kind", noop("Change"), kind_of),
            Column("from", noop("For care from"), lambda row: str(row.from_on)),
            Column("reason", noop("Reason"), lambda row: row.reason, wide=True),
            Column("asked", noop("Asked by"), lambda row: _person(row.asked_by), wide=True),
            Column("by", noop("Approved by"), lambda row: _person(row.decided_by), wide=True),
        ),
        filters=(
            Filter("q", noop("Rule"), lambda rows, words: rows.filter(rule_id__istartswith=words)),
            Filter("kind", noop("Change"), lambda rows, kind: rows.filter(kind=kind), kind="choice", options=lambda: RuleSwitch.Kind.choices),
        ),
        empty=noop("No rule was switched yet."), hint=noop("The shipped rules hold; a change needs two people."),
    )
)  # fmt: skip
