"""Screens of setting a real hospital up: what is done and what is not yet, the hospital, departments, backup, keys."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from tamna.billing.models import FeeItem
from tamna.connect import systems
from tamna.core import access, audit, backups, clock, crypto, database, organisation, reindexing, rotation
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.format import day, language, moment
from tamna.core.home import folder
from tamna.core.models import BackupPlan, Department, Hospital, Practitioner, User
from tamna.reception.models import ClinicHours, Slot


@dataclass(frozen=True)
class Step:
    """A line of the checklist. `state`: done, partly, not yet."""

    title: str
    state: str
    found: str
    meanwhile: str  # what happens while it is not done
    url: str
    action: str


def _state(done: bool, begun: bool = False) -> str:
    return "done" if done else "partly" if begun else "not yet"


def _people() -> Step:
    able = {name: 0 for name in ("reception.receive", "billing.take", "claims.submit", "people.accounts")}
    for role, count in User.objects.filter(is_active=True).values_list("role").annotate(Count("id")).order_by():
        for name in able:
            able[name] += count if name in access.capabilities_of(role) else 0
    missing = [_(access.CAPABILITIES[name]) for name, count in able.items() if not count]
    total = User.objects.filter(is_active=True).count()
    found = (
        ngettext("%(count)s account; nobody may: %(missing)s", "%(count)s accounts; nobody may: %(missing)s", total)
        if missing
        else ngettext("%(count)s account", "%(count)s accounts", total)
    )
    return Step(
        _("Staff accounts"), _state(not missing, total > 1), found % {"count": total, "missing": ", ".join(missing)},
        _("Nobody else can sign in."), "/accounts", _("Accounts"),
    )  # fmt: skip


def steps() -> list[Step]:
    """The checklist, read from what is there. A dozen small queries."""
    hospital = Hospital.objects.first()
    departments = Department.objects.filter(is_open=True).count()
    doctors = Practitioner.objects.filter(is_active=True)
    placed = doctors.exclude(room=None).count()
    with_hours = (
        ClinicHours.objects.filter(practitioner__is_active=True, valid_to=None)
        .values("practitioner")
        .distinct()
        .count()
    )
    last = Slot.objects.filter(is_open=True, starts_at__gt=clock.now()).aggregate(last=Max("starts_at"))["last"]
    fees = FeeItem.objects.aggregate(count=Count("id"), last=Max("valid_from"))
    connected = sum(system.is_configured for system in systems.SYSTEMS)
    plan = BackupPlan.objects.first()
    backed = bool(plan and plan.ok and plan.finished_at and plan.finished_at > timezone.now() - timedelta(days=2))
    it = User.objects.filter(role="it", is_active=True).aggregate(
        all=Count("id"), second=Count("id", filter=Q(totp_secret__isnull=False))
    )
    total = doctors.count()
    return [
        Step(_("Hospital"), _state(bool(hospital and hospital.address), bool(hospital)), (hospital.name_ko if language() == "ko" or not hospital.name_en else hospital.name_en) if hospital else "",
             _("Receipts and claims lack the address."), "/setup/hospital", _("Change")),
        Step(_("Departments"), _state(departments > 0), _("%(count)s open") % {"count": departments},
             _("Nobody can be received."), "/setup/departments", _("Change")),
        _people(),
        Step(_("Doctors and rooms"), _state(bool(total) and placed == total, bool(total)),
             ngettext("%(count)s doctor, %(placed)s with a room", "%(count)s doctors, %(placed)s with a room", total) % {"count": total, "placed": placed},
             _("Nobody can be received: a visit needs a doctor."), "/reception/doctors", _("Doctors and hours")),
        Step(_("Weekly hours"), _state(bool(total) and with_hours >= total, with_hours > 0 or last is not None),
             ngettext("%(count)s doctor with hours, open to booking until %(day)s",
                      "%(count)s doctors with hours, open to booking until %(day)s", with_hours)
             % {"count": with_hours, "day": day(last)},
             _("Walk-ins are received; nothing can be booked."), "/reception/doctors", _("Doctors and hours")),
        Step(_("Fee master"), _state(fees["count"] > 0),
             _("%(count)s lines, the newest from %(day)s") % {"count": f"{fees['count']:,}", "day": day(fees["last"])},
             _("Visits are received and finished, but no bill is made; they are billed when the master is in."), "/billing/fees", _("Import")),
        Step(_("Outside systems"), _state(connected == len(systems.SYSTEMS), connected > 0),
             _("%(count)s of %(all)s connected") % {"count": connected, "all": len(systems.SYSTEMS)},
             _("Visits are received as self-pay, claims wait, cards are not taken; cash works."), "/connections", _("Connections")),
        Step(_("Backup"), _state(backed, plan is not None),
             (_("last one %(day)s") % {"day": moment(plan.finished_at)} if plan and plan.finished_at else
              _("planned, none made yet") if plan else _("no folder chosen")),
             _("A lost disk loses everything."), "/setup/backup", _("Backup")),
        Step(_("Second factor of IT"), _state(it["second"] == it["all"], it["second"] > 0),
             _("%(count)s of %(all)s") % {"count": it["second"], "all": it["all"]},
             _("A stolen IT password opens every account."), "/account", _("My account")),
    ]  # fmt: skip


@needs("it.operate")
def checklist(request: HttpRequest) -> HttpResponse:
    """Everything a hospital needs to work for real, with what happens while it is not there."""
    found = steps()
    return render(request, "web/setup.html", {"steps": found, "done": sum(step.state == "done" for step in found)})


@needs("it.operate")
def hospital(request: HttpRequest) -> HttpResponse:
    row, error = Hospital.objects.first(), ""
    if request.method == "POST":
        try:
            organisation.describe(request.POST, by=Actor.of(request))
            return redirect("web:setup")
        except DomainError as refused:
            error = refused.message
    values: Any = request.POST if request.method == "POST" else vars(row) if row else {}
    return render(request, "web/setup_hospital.html", {"values": values, "error": error}, status=422 if error else 200)


@needs("it.operate")
def departments(request: HttpRequest) -> HttpResponse:
    error = ""
    if request.method == "POST":
        try:
            organisation.choose_departments(request.POST.getlist("departments"), by=Actor.of(request))
            return redirect("web:setup")
        except DomainError as refused:
            error = refused.message
    context = {
        "departments": organisation.known_departments(), "error": error,
        "open": set(Department.objects.filter(is_open=True).values_list("code", flat=True)),
    }  # fmt: skip
    return render(request, "web/setup_departments.html", context, status=422 if error else 200)


@needs("it.operate")
def backup(request: HttpRequest) -> HttpResponse:
    """Where a backup is written each night, and how the last one went."""
    plan, error = BackupPlan.objects.first(), ""
    if request.method == "POST":
        form = request.POST
        try:
            chosen = backups.check_folder(form.get("folder", ""))
            hour, keep = (
                int(form[name]) if form.get(name, "").isdigit() else usual
                for name, usual in (("hour", 2), ("keep", 14))
            )
            BackupPlan.objects.update_or_create(
                pk=1, defaults={"folder": str(chosen), "hour": min(hour, 23), "keep": min(max(keep, 1), 365)}
            )
            audit.note("backup.planned", by=Actor.of(request), subject_type="hospital", subject_id="1")
            return redirect("web:setup-backup")
        except DomainError as refused:
            error = refused.message
    values: Any = (
        request.POST if error else vars(plan) if plan else {"folder": str(folder("backups")), "hour": 2, "keep": 14}
    )
    same_disk = bool(plan) and _same_disk(Path(plan.folder))
    context = {
        "plan": plan,
        "values": values,
        "error": error,
        "same_disk": same_disk,
        "hours": [(h, f"{h:02d}:00") for h in range(24)],
    }
    return render(request, "web/setup_backup.html", context, status=422 if error else 200)


def _same_disk(path: Path) -> bool:
    """Whether backups lie on the disk they shall outlive."""
    return path.exists() and database.is_embedded() and path.stat().st_dev == database.data_dir().stat().st_dev


@needs("it.operate")
def keys(request: HttpRequest) -> HttpResponse:
    """The key ring: where the master key lives, field keys by age, how far a rotation is."""
    import os

    ring = rotation.ring()
    context = {
        "ring": [row for row in ring if row.purpose == "field"], "index": [row for row in ring if row.purpose == "index"],
        "fingerprint": crypto.master_fingerprint(), "in_environment": bool(os.environ.get("TAMNA_MASTER_KEY")),
        "path": folder("keys", private=True) / "master.key", "running": rotation.running(),
        "reindexing": rotation.running("index"), "changing": rotation.running(""),
    }  # fmt: skip
    return render(request, "web/keys.html", context)


@require_POST
@needs("it.operate")
def rotate(request: HttpRequest) -> HttpResponse:
    """Begin a change of the field key, or of the search key; the job goes on by itself."""
    from tamna.core.tasks import seal_again

    (reindexing if request.POST.get("which") == "search" else rotation).start(by=Actor.of(request))
    seal_again.configure(queueing_lock=None).defer(timestamp=0)
    return redirect("web:keys")
