"""The automation catalogue and proposals: what Tamna does by itself, and what it suggests."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.core import automations, clock
from tamna.core import catalogue as book
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.catalogue import title_of
from tamna.core.errors import DomainError
from tamna.core.models import AutomationRun, Policy, Proposal
from tamna.core.paging import page


@needs("automations.see")
def catalogue(request: HttpRequest) -> HttpResponse:
    """Every line of the plan: built or not, level, last run, agreement, effect."""
    lines = book.lines()
    show, words = request.GET.get("show", ""), request.GET.get("q", "").strip().lower()
    if show == "built":
        lines = [line for line in lines if line.is_built]
    elif show == "open":
        lines = [line for line in lines if not line.is_built]
    if words:
        lines = [line for line in lines if words in f"{line.key} {line.title_ko} {line.title_en}".lower()]
    sections: dict[str, list[Any]] = {}
    for line in lines:
        sections.setdefault(line.section, []).append(line)
    everything = book.lines()
    return render(
        request, "web/catalogue.html",
        {"sections": sections, "show": show, "words": words, "total": len(everything), "built": sum(x.is_built for x in everything)},
    )  # fmt: skip


@needs("automations.see")
def automation(request: HttpRequest, key: str) -> HttpResponse:
    line = next((line for line in book.lines() if line.key == key), None)
    if line is None:
        from django.http import Http404

        raise Http404
    context = {
        "line": line,
        "runs": AutomationRun.objects.filter(automation=key).order_by("-id")[:15],
        "proposals": Proposal.objects.filter(automation=key).order_by("-id")[:15],
        "policies": Policy.objects.filter(automation=key),
        "levels": [(level, _(level)) for level in ("off", "shadow", "propose", "act")],
        "title_of": title_of,
        "may_change": key in automations.built(),
    }
    return render(request, "web/automation.html", context)


@require_POST
@needs("automations.set_level")
def set_level(request: HttpRequest, key: str) -> HttpResponse:
    if key not in automations.built() or request.POST.get("level") not in Policy.Level.values:
        raise DomainError("core.already_decided")
    automations.set_level(key, request.POST["level"], by=Actor.of(request), reason=request.POST.get("reason", ""))
    return redirect("web:automation", key=key)


@needs("automations.decide")
def proposals(request: HttpRequest) -> HttpResponse:
    """Open proposals of one's team, most won first; decided ones of the last days."""
    state = request.GET.get("state", "open")
    mine = (
        Proposal.objects.filter(team__in={request.user.team, ""})
        if request.user.role != "director"
        else Proposal.objects.all()
    )
    rows = (
        mine.filter(state="open")
        if state == "open"
        else mine.exclude(state="open").filter(made_at__gte=clock.now() - timedelta(days=7))
    )
    kind = {name: request.GET.get(name, "") for name in ("automation", "rule")}
    if kind["automation"]:
        rows = rows.filter(automation=kind["automation"])
    if kind["rule"]:
        rows = rows.filter(title_facts__rule=kind["rule"])
    found = page(rows, ("-won", "-id"), request.GET.get("cursor", ""))
    return render(request, "web/proposals.html", {"page": found, "state": state, "title_of": title_of})


@needs("automations.decide")
def proposal(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = get_object_or_404(Proposal, public_id=public_id)
    return render(
        request, "web/proposal.html", {"row": row, "title": title_of(row), "decisions": row.decisions.order_by("id")}
    )


@require_POST
@needs("automations.decide")
def decide(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = get_object_or_404(Proposal, public_id=public_id)
    verdict = "refused" if request.POST.get("verdict") == "refused" else "accepted"
    automations.decide(row.pk, verdict, by=Actor.of(request), reason=request.POST.get("reason", ""))
    if request.headers.get("HX-Request"):
        return render(request, "web/_toast.html", {"message": _("Decided. It is in the audit log."), "tone": "green"})
    return redirect("web:proposals")


@require_POST
@needs("automations.decide")
def undo(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = get_object_or_404(Proposal, public_id=public_id)
    automations.undo(row.pk, by=Actor.of(request), reason=request.POST.get("reason", ""))
    return redirect("web:proposals")
