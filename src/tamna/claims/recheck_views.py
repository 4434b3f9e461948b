"""Screens of the archive's re-check (일괄 재점검): the runs with a start button, one run with its progress and what it found."""

from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.claims import recheck
from tamna.claims.models import Recheck
from tamna.claims.studio import ruleset
from tamna.claims.studio.lists import SEVERITIES
from tamna.core import clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.choices import departments
from tamna.core.format import language, named
from tamna.core.lists import Column, Filter, Listing, define
from tamna.core.models import Department

RUNS = define(
    Listing(
        "rechecks", noop("Checks of the archive"), "claims.see", view="claims:rechecks", order=("-id",),
        columns=(
            Column("made", noop("Begun"), lambda row: str(row.made_at)),
            Column("by", noop("Who"), lambda row: row.made_by),
            Column("period", noop("Visits"), lambda row: f"{row.first_on or ''}–{row.last_on or ''}", wide=True),
            Column("rules", noop("Rules of"), lambda row: str(row.rules_on or ""), wide=True),
            Column("done", noop("Checked"), lambda row: row.done, number=True),
            Column("found", noop("With a finding"), lambda row: row.found, number=True),
            Column("won", noop("At risk"), lambda row: row.risk_won, number=True),
            Column("state", noop("State"), lambda row: row.get_state_display()),
        ),
        empty=noop("The archive was not checked as a whole yet."), hint=noop("Begin one above; the claims themselves stay as they are."),
    )
)  # fmt: skip

FOUND = define(
    Listing(
        "recheck.findings", noop("Found by the check of the archive"), "claims.see", order=("-won_at_risk", "-id"),
        columns=(
            Column("claim", noop("Claim"), lambda row: row.claim.claim_no),
            Column("department", noop("Department"), lambda row: named(row.claim.department), wide=True),
            Column("rule", noop("Rule"), lambda row: row.rule_id),
            Column("line", noop("Line"), lambda row: row.line_no, number=True, wide=True),
            Column("severity", noop("Severity"), lambda row: row.severity),
            Column("state", noop("State"), lambda row: row.claim.get_status_display(), wide=True),
            Column("won", noop("At risk"), lambda row: row.won_at_risk, number=True),
        ),
        filters=(Filter("rule", noop("Rule"), lambda rows, rule: rows.filter(rule_id=rule.upper())),),
        empty=noop("Nothing was found yet."),
    )
)  # fmt: skip


@needs("claims.see")
def runs(request: HttpRequest) -> HttpResponseBase:
    """Every run, newest first, and the button that begins one."""
    context = {"departments": list(departments()), "today": clock.today(), "key": uuid4()}
    return lists.show(request, RUNS, Recheck.objects.all(), "claims/rechecks.html", context)


@require_POST
@needs("claims.work")
def start(request: HttpRequest) -> HttpResponse:
    """Begin a run over a period, a department or everything; the form's key begins one only."""
    posted = request.POST
    department = Department.objects.filter(code=posted.get("department", "")).first()
    run = recheck.start(
        key=f"screen:{posted.get('key', '')[:60] or uuid4()}", by=Actor.of(request), rules_on=lists.day_of(posted.get("rules_on", "")),
        first_on=lists.day_of(posted.get("first_on", "")), last_on=lists.day_of(posted.get("last_on", "")),
        department_id=department.pk if department else None,
    )  # fmt: skip
    return redirect("claims:recheck", public_id=run.public_id)


@needs("claims.see")
def run(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """How far a run is, what it found by rule, and which rules could not be judged."""
    found = get_object_or_404(Recheck.objects.select_related("department"), public_id=public_id)
    lang, rules = language(), ruleset.ruleset().by_id
    context: dict[str, Any] = {
        "run": found, "is_running": found.state in recheck.ACTIVE, "by_rule": recheck.by_rule(found), "severities": SEVERITIES,
        "title": lambda rule_id: (rules[rule_id].title.get(lang) or rules[rule_id].title["ko"]) if rule_id in rules else "", "lacking": sorted(found.not_evaluated.items()),
        "left_s": found.seconds / found.done * (found.total - found.done) if found.done else None,
    }  # fmt: skip
    rows = found.rows.filter(is_hidden=False).select_related("claim__department")
    return lists.show(request, FOUND, rows, "claims/recheck.html", context)


@require_POST
@needs("claims.work")
def change(request: HttpRequest, public_id: UUID, step: str) -> HttpResponse:
    """Stop a run, or take it up again where it stopped."""
    found = get_object_or_404(Recheck, public_id=public_id)
    steps = {"stop": recheck.stop, "go-on": recheck.go_on}
    if step not in steps:
        raise Http404
    steps[step](recheck_id=found.pk, by=Actor.of(request))
    return redirect("claims:recheck", public_id=found.public_id)
