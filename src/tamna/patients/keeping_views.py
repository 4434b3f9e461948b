"""Screens of retention: what is due, holds, disposals by two people, the certificate."""

from typing import Any
from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.core import audit, backups, clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.format import day, moment
from tamna.core.papers import pdf, plain_frame
from tamna.engines.filing import CLASSES
from tamna.patients import disposal as disposing
from tamna.patients import retention
from tamna.patients.lists import DISPOSALS, class_name
from tamna.patients.models import Disposal, Patient

SHOWN = 100
LEFT = {"held": noop("Held back meanwhile"), "term": noop("No longer due"), "refused": noop("Refused"), "": ""}
CERTIFICATE = r"""
#table(columns: (1.2fr, 2fr, auto, auto, auto), fill: (x, y) => if y == 0 { luma(240) }, table.header(..d.columns.map(c => [*#c*])), ..d.rows.flatten())
#v(3mm)
#for line in d.lines [#par(line) #v(1mm)]
#v(1fr)
#grid(columns: (1fr, auto), align: (left + bottom, right + bottom), text(7.5pt, d.house.map(p => p.at(0) + " " + p.at(1)).join(" · ")), text(12pt, weight: "bold", d.hospital))
"""


@needs("privacy.dispose")
def disposals(request: HttpRequest) -> HttpResponseBase:
    """What is due, what is held, what was disposed of; asking for a disposal of what is chosen."""
    if request.method == "POST":
        chosen = {
            name: [int(key) for key in request.POST.getlist(name) if key.isdigit()] for name in ("document", "person")
        }
        made = disposing.ask(documents=chosen["document"], people=chosen["person"], by=Actor.of(request))
        return redirect("patients:disposal", public_id=made.public_id)
    context = {
        "documents": retention.documents_due().order_by("keep_until", "id")[:SHOWN], "people": retention.people_due(SHOWN), "class_name": class_name,
        "holds": retention.held().select_related("patient").order_by("-id")[:SHOWN], "classes": CLASSES, "person_law": retention.PERSON_LAW,
    }  # fmt: skip
    rows = Disposal.objects.select_related("asked_by", "decided_by").annotate(records=Count("items"))
    return lists.show(request, DISPOSALS, rows, "patients/disposals.html", context)


@needs("privacy.dispose")
def disposal(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One disposal: its records, and the second person's decision."""
    row = get_object_or_404(Disposal.objects.select_related("asked_by", "decided_by", "rotation"), public_id=public_id)
    if request.method == "POST":
        by = Actor.of(request)
        if request.POST.get("verdict") == "refuse":
            disposing.refuse(disposal_id=row.pk, reason=request.POST.get("reason", ""), by=by)
        else:
            from tamna.patients.tasks import dispose

            disposing.approve(disposal_id=row.pk, by=by)
            dispose.defer(disposal_id=row.pk)
        return redirect("patients:disposal", public_id=public_id)
    context = {
        "disposal": row, "items": row.items.select_related("patient", "document").order_by("pk"), "class_name": class_name, "left": LEFT,
        "is_mine": row.asked_by_id == request.user.pk, "waits": row.state == Disposal.State.ASKED,
        "is_final": row.state == Disposal.State.FINAL, "keep": backups.keep_words(),
    }  # fmt: skip
    return render(request, "patients/disposal.html", context)


@needs("privacy.dispose")
def certificate(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """개인정보 파기 확인서: only for a disposal that is final. No name stands on it."""
    row = get_object_or_404(
        Disposal.objects.select_related("asked_by", "decided_by"), public_id=public_id, state=Disposal.State.FINAL
    )
    by = Actor.of(request)
    audit.note("disposal.printed", by=by, subject_type="disposal", subject_id=row.public_id)
    groups = row.items.filter(is_erased=True).values("kind", "law").annotate(count=Count("id")).order_by("kind")
    head = [
        (_("Number"), str(row.public_id)),
        (_("Asked by"), row.asked_by.name),
        (_("Approved by"), row.decided_by.name if row.decided_by else "–"),
    ]
    frame = plain_frame(
        _("Certificate of disposal"),
        "개인정보 보호법 제21조 · 개인정보 보호법 시행령 제16조",
        head,
        name=f"disposal {row.pk}",
        by=by.name,
        at=clock.now(),
    )
    data: dict[str, Any] = {
        "columns": [_("Class of record"), _("Term by"), _("Records"), _("Erased"), _("Key destroyed")],
        "rows": [[class_name(group["kind"]), group["law"], str(group["count"]), day(row.erased_at), day(row.final_at)] for group in groups],
        "lines": [
            _("The sealed values were overwritten on %(erased)s. The key that had sealed them was destroyed on %(final)s; any copy left behind opens no more.")
            % {"erased": moment(row.erased_at), "final": moment(row.final_at)},
            _("Backups made before hold their own keys. They are kept %(keep)s and then thrown away.") % {"keep": backups.keep_words()},
            _("Bills, claims and the journal keep their sums under a number without a name."),
        ],
    }  # fmt: skip
    response = HttpResponse(pdf(CERTIFICATE, {**frame, **data}), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="disposal-{row.pk}.pdf"'
    return response


@require_POST
@needs("privacy.dispose")
def hold(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Hold back everything of a patient."""
    retention.hold(
        patient=get_object_or_404(Patient, public_id=public_id),
        reason=request.POST.get("reason", ""),
        by=Actor.of(request),
    )
    return redirect("patients:disposals")


@require_POST
@needs("privacy.dispose")
def lift(request: HttpRequest, hold_id: int) -> HttpResponse:
    retention.lift(hold_id=hold_id, by=Actor.of(request))
    return redirect("patients:disposals")
