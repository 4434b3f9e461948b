"""The automation catalogue and proposals: what Tamna does by itself, and what it suggests."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.claims.words import source_name
from tamna.core import action_form, automations, clock, decisions, lists
from tamna.core import catalogue as book
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.catalogue import title_of
from tamna.core.errors import DomainError
from tamna.core.format import language
from tamna.core.models import AuditEntry, AutomationRun, Decision, Outcome, Policy, Proposal
from tamna.web.lists import DECIDED, PROPOSALS

REASONS = (
    noop("Wrong in this case"),
    noop("Right, but not now"),
    noop("I do it another way"),
    noop("Not worth the work"),
)
SUBJECTS = {
    "claim": "claims:claim",
    "encounter": "patients:visit",
    "invoice": "billing:invoice",
    "patient": "patients:same",
    "ticket": "reception:ticket",
}


@needs("automations.see")
def catalogue(request: HttpRequest) -> HttpResponse:
    """Every line of the plan: built or not, level, last run, agreement, effect."""
    everything = book.lines()
    lines, show, words = everything, request.GET.get("show", ""), request.GET.get("q", "").strip().lower()
    if show in ("built", "open"):
        lines = [line for line in lines if line.is_built == (show == "built")]
    if words:
        lines = [line for line in lines if words in f"{line.key} {line.title_ko} {line.title_en}".lower()]
    sections: dict[str, list[Any]] = {}
    for line in lines:
        sections.setdefault(line.section, []).append(line)
    built = sum(line.is_built for line in everything)
    context = {"sections": sections, "show": show, "words": words, "total": len(everything), "built": built}
    return render(request, "web/catalogue.html", context)


@needs("automations.see")
def automation(request: HttpRequest, key: str) -> HttpResponse:
    line = next((line for line in book.lines() if line.key == key), None)
    if line is None:
        from django.http import Http404

        raise Http404
    recent = Decision.objects.filter(proposal__automation=key).select_related("proposal").order_by("-id")[:15]
    weeks = book.weeks(key)
    changes = AuditEntry.objects.filter(action="automation.level_set", subject_type="automation", subject_id=key)
    context = {
        "line": line,
        "runs": AutomationRun.objects.filter(automation=key).order_by("-last_at")[:12],
        "proposals": Proposal.objects.filter(automation=key).order_by("-id")[:12],
        "decisions": recent,
        "results": Outcome.objects.filter(proposal__automation=key).select_related("proposal").order_by("-id")[:12],
        "paused": Policy.objects.filter(automation=key).exclude(pattern=""),
        "changes": changes.order_by("-id")[:12],
        "weeks": weeks,
        "week_labels": [f"{week.month}. {week.day}." for week, _verdicts in weeks],
        "levels": [(level, _(level)) for level in ("off", "shadow", "propose", "act")],
        "title_of": title_of,
        "may_change": key in automations.built(),
        "may_act": key in automations.built() and automations.may_act(key),
    }
    return render(request, "web/automation.html", context)


@require_POST
@needs("automations.set_level")
def set_level(request: HttpRequest, key: str) -> HttpResponse:
    if key not in automations.built() or request.POST.get("level") not in Policy.Level.values:
        raise DomainError("core.already_decided")
    automations.set_level(
        key, request.POST["level"], pattern=request.POST.get("pattern", ""), by=Actor.of(request),
        reason=request.POST.get("reason", ""),
    )  # fmt: skip
    return redirect("web:automation", key=key)


@needs("automations.decide")
def proposals(request: HttpRequest) -> HttpResponse:
    """Open proposals of one's team, most worth first; decided ones, all or of the last day, by automation."""
    state, rows = request.GET.get("state", "open"), decisions.of(request.user)
    done = (
        rows.filter(pk__in=book.done_since(clock.now() - timedelta(days=1)).values("pk")) if state == "done" else None
    )
    if done is not None and (key := request.GET.get("automation")):
        done = done.filter(automation=key)
    context = {
        "title_of": title_of,
        "sums": done.aggregate(count=Count("id"), minutes=Sum("minutes")) if done is not None else None,
    }
    return lists.show(request, PROPOSALS if state == "open" else DECIDED, rows, "web/proposals.html", context)


@needs("automations.decide")
def proposal(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _proposal(request, get_object_or_404(decisions.of(request.user), public_id=public_id))


def _proposal(request: HttpRequest, row: Proposal, *, error: str = "", status: int = 200, **typed: Any) -> HttpResponse:
    is_gone = automations.kind_of(row.action) is None
    fields = action_form.fields_of(automations.action_of(row), **typed) if row.state == "open" and not is_gone else []
    refused = (
        Proposal.objects.filter(automation=row.automation, pattern=row.pattern, state="refused").count()
        if row.pattern
        else 0
    )
    context = {
        "row": row, "title": title_of(row), "says": _(automations.action_says(row)), "fields": fields, "error": error,
        "gone": DomainError("core.action_gone").message if is_gone else "",
        "evidence": [{key: _spoken(value) for key, value in step.items()} for step in row.evidence],
        "decisions": row.decisions.order_by("id"), "results": row.outcomes.order_by("id")[:50], "refused": refused,
        "labels": action_form.labels_of(row.action), "is_undoable": automations.is_undoable(row),
        "reasons": [(_(reason), _(reason)) for reason in REASONS], "subject": SUBJECTS.get(row.subject_type),
    }  # fmt: skip
    return render(request, "web/proposal.html", context, status=status)


def _spoken(value: Any) -> Any:
    """A part of the evidence in the reader's language."""
    if isinstance(value, dict):
        return value.get(language(), "")
    return source_name(_(value)) if isinstance(value, str) and value else value


@require_POST
@needs("automations.decide")
def decide(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Accept as proposed or with changed values, or refuse with a reason. What does not fit is shown beside its field."""
    row = get_object_or_404(decisions.of(request.user), public_id=public_id)
    reason = (request.POST.get("reason") or request.POST.get("why") or "").strip()
    if request.POST.get("verdict") == "refused":
        if not reason:
            return _proposal(request, row, error=DomainError("core.refusal_reason").message, status=422)
        row = automations.decide(row.pk, "refused", by=Actor.of(request), reason=reason)
    else:
        edited, errors = {}, {}
        if request.POST.get("verdict") == "edited":
            edited, errors = action_form.read(automations.action_of(row), request.POST)
        if errors:
            return _proposal(request, row, typed=request.POST, errors=errors, status=422)
        row = automations.decide(row.pk, "accepted", by=Actor.of(request), edited=edited, reason=reason)
    if row.state == "failed":
        last = row.decisions.order_by("-id").first()
        message, tone = _("Not done: %(why)s") % {"why": _(last.reason) if last and last.reason else ""}, "red"
    else:
        message, tone = _("Decided. It is in the audit log."), "green"
    if request.headers.get("HX-Request"):
        return render(request, "web/_toast.html", {"message": message, "tone": tone})
    return redirect("web:proposal", public_id=row.public_id)


@require_POST
@needs("automations.decide")
def undo(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = get_object_or_404(decisions.of(request.user), public_id=public_id)
    automations.undo(row.pk, by=Actor.of(request), reason=request.POST.get("reason", ""))
    return redirect("web:proposal", public_id=row.public_id)
