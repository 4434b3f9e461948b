"""Screens of IT and the auditor: audit log, jobs, connections with fault switches, tokens, the clock."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.core.cache import cache
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.connect import systems
from tamna.connect.errors import Unreachable
from tamna.core import audit, clock, lists, outbox, work
from tamna.core import connections as outside
from tamna.core.access import CAPABILITIES, SIGNED_IN, needs
from tamna.core.actor import Actor
from tamna.core.api import token_hash
from tamna.core.models import (
    ApiToken,
    AuditBlock,
    AuditEntry,
    DeadLetter,
    Event,
    Hospital,
    HospitalClock,
    OutsideSystem,
)
from tamna.patients.models import ImportRun
from tamna.reception.fhir import report
from tamna.web.lists import AUDIT, IMPORTS

WITHOUT = {
    "nhis": noop("Until it is connected, nobody's coverage is known: visits are received as self-pay."),
    "hira": noop("Until it is connected, claims are made and checked, and batches wait."),
    "his": noop(
        "Until it is connected, visits are called and finished at the queue, and only the consultation fee is charged."
    ),
    "messaging": noop("Until it is connected, no messages go out."),
    "card": noop("Until it is connected, take cash and transfers; a card is refused and nothing is recorded."),
    "bank": noop("Until it is connected, deposits are not matched by themselves."),
}
FAULTS = ("delay_s", "refuse_rate", "lie_rate", "garble_rate", "lost_rate", "outage")


@needs("audit.see")
def audit_log(request: HttpRequest) -> HttpResponse:
    """Who saw or changed what, newest first."""
    block = AuditBlock.objects.order_by("-id").first()
    return lists.show(request, AUDIT, AuditEntry.objects.all(), "web/audit.html", {"block": block})


@require_POST
@needs("audit.see")
def audit_verify(request: HttpRequest) -> HttpResponse:
    """Read the whole chain now and say whether it holds."""
    verdict = audit.verify()
    audit.note("audit.verified", by=Actor.of(request), detail={"ok": verdict.ok, "entries": verdict.entries})
    return render(request, "web/_verdict.html", {"verdict": verdict})


@needs(SIGNED_IN)
def audit_of(request: HttpRequest, kind: str, ref: str) -> HttpResponse:
    """Who saw or changed one record, for the drawer."""
    rows = AuditEntry.objects.filter(subject_type=kind, subject_id=ref).order_by("-id")[:50]
    return render(request, "web/audit_of.html", {"rows": rows})


@needs("it.operate")
def jobs(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1 ORDER BY 1")
        counts = cursor.fetchall()
        cursor.execute(
            """SELECT id, task_name, queue_name, status::text, attempts, scheduled_at FROM procrastinate_jobs
               WHERE status IN ('failed', 'doing') OR (status = 'todo' AND attempts > 0) ORDER BY id DESC LIMIT 50"""
        )
        rows = [
            dict(zip(("id", "key", "queue", "status", "attempts", "at"), row, strict=True))
            | {"task": work.name_of(row[1])}
            for row in cursor.fetchall()
        ]
    letters = DeadLetter.objects.filter(solved_at=None).select_related("event").order_by("-id")[:50]
    newest = Event.objects.order_by("-id").values("pk")[: outbox.COUNT_TO]  # the log has no index by wall time
    recent = Event.objects.filter(pk__in=newest, recorded_at__gte=timezone.now() - timedelta(minutes=5)).count()
    context = {"counts": counts, "rows": rows, "lags": outbox.lags(), "letters": letters, "recent": recent,
               "work": work}  # fmt: skip
    return render(request, "web/jobs.html", context)


@require_POST
@needs("it.operate")
def retry_job(request: HttpRequest, job_id: int) -> HttpResponse:
    from procrastinate.contrib.django import app

    app.job_manager.retry_job_by_id(job_id, timezone.now())
    audit.note("job.retried", by=Actor.of(request), subject_type="job", subject_id=job_id)
    return redirect("web:jobs")


@require_POST
@needs("it.operate")
def retry_letter(request: HttpRequest, letter_id: int) -> HttpResponse:
    letter = get_object_or_404(DeadLetter, pk=letter_id)
    outbox.retry_dead_letter(letter)
    audit.note("letter.retried", by=Actor.of(request), subject_type="event", subject_id=letter.event_id)
    return redirect("web:jobs")


def _statuses() -> list[systems.Status]:
    """Probe at most every ten seconds, whoever asks."""
    found = cache.get("connections")
    if found is None:
        found = systems.probe_all()
        cache.set("connections", found, 10)
    return found


@needs(SIGNED_IN)
def badges(request: HttpRequest) -> HttpResponse:
    shown = [status for status in _statuses() if status.system.key in ("nhis", "hira", "his", "card")]
    return render(request, "web/_badges.html", {"statuses": shown})


@needs("it.operate")
def connections(request: HttpRequest) -> HttpResponse:
    hospital = Hospital.objects.first()
    context = {
        "statuses": systems.probe_all(), "faults": FAULTS, "clock_row": HospitalClock.objects.first(),
        "without": {key: _(text) for key, text in WITHOUT.items()}, "kept": {row.key: row for row in OutsideSystem.objects.all()},
        "is_synthetic": bool(hospital and hospital.is_synthetic), "message": request.GET.get("message", ""),
    }  # fmt: skip
    return render(request, "web/connections.html", context)


@needs("it.operate")
def imports(request: HttpRequest) -> HttpResponse:
    """Imports of others' records that changed something, latest first; counts only, no person."""
    return lists.show(request, IMPORTS, ImportRun.objects.all(), "web/imports.html", {"view_of": report.RunView.of})


@needs("it.operate")
def import_run(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One import: what was read of each kind, why it was kept aside, and every refused line."""
    run = get_object_or_404(ImportRun, public_id=public_id)
    return render(request, "web/import.html", {"run": run, "row": report.RunView.of(run)})


@require_POST
@needs("it.operate")
def address(request: HttpRequest, key: str) -> HttpResponse:
    """Where a live system is, and how to sign in there. A kept secret is never shown again."""
    if systems.by_key(key) is None:
        raise Http404
    form = request.POST
    outside.set_address(key=key, url=form.get("url", ""), user_name=form.get("user_name", ""), secret=form.get("secret", ""),
                        by=Actor.of(request))  # fmt: skip
    outbox.notify("connection.changed", {"system": key})
    cache.delete("connections")
    return redirect("web:connections")


@require_POST
@needs("it.operate")
def faults(request: HttpRequest, key: str) -> HttpResponse:
    """Switch faults of a simulator: delays, refusals, wrong or lost answers, an outage."""
    system = systems.by_key(key)
    if system is None:
        raise Http404
    try:
        wanted = {name: float(request.POST.get(name) or 0) for name in FAULTS}
        systems.set_faults(system, wanted)
        audit.note("simulator.faults", by=Actor.of(request), subject_type="system", subject_id=key, detail=wanted)
        outbox.notify("connection.changed", {"system": key})
        cache.delete("connections")
    except (Unreachable, ValueError):
        return redirect("/connections?message=unreachable")
    return redirect("web:connections")


@require_POST
@needs("it.operate")
def set_clock(request: HttpRequest) -> HttpResponse:
    """Speed of the synthetic hospital's clock."""
    if not Hospital.objects.filter(is_synthetic=True).exists():
        raise Http404
    try:
        rate = float(request.POST.get("rate", "1"))
    except ValueError:
        rate = 1.0
    clock.set_clock(clock.now(), min(60.0, max(0.0, rate)))
    audit.note("clock.set", by=Actor.of(request), detail={"rate": rate})
    return redirect("web:connections")


@needs("it.tokens")
def tokens(request: HttpRequest) -> HttpResponse:
    """Tokens of machines. A new one is shown once."""
    shown = ""
    if request.method == "POST":
        shown = secrets.token_urlsafe(32)
        scopes = [scope for scope in request.POST.getlist("scopes") if scope in CAPABILITIES]
        row = ApiToken.objects.create(
            name=request.POST.get("name", "")[:60] or "token",
            hash=token_hash(shown),
            scopes=scopes,
            made_by=request.user.username,
        )
        audit.note(
            "token.made", by=Actor.of(request), subject_type="token", subject_id=row.pk, detail={"scopes": scopes}
        )
    context = {
        "tokens": ApiToken.objects.order_by("-id")[:50], "shown": shown, "capabilities": [(key, _(text)) for key, text in CAPABILITIES.items()],
    }  # fmt: skip
    return render(request, "web/tokens.html", context)


@require_POST
@needs("it.tokens")
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    ApiToken.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=timezone.now())
    audit.note("token.revoked", by=Actor.of(request), subject_type="token", subject_id=token_id)
    return redirect("web:tokens")
