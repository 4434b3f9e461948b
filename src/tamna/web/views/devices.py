"""Staff's pages of the lobby: kiosks and boards, how one is enrolled and retired; slips of a kiosk that a person must help."""

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Department
from tamna.lobby import devices as lobby
from tamna.lobby import selectors, services
from tamna.lobby.models import Device

MOST = 200


@needs("it.operate")
def index(request: HttpRequest) -> HttpResponse:
    """Every device that is not retired, and the form for one more."""
    return _page(request)


def _page(request: HttpRequest, invited: Device | None = None, sealed: str = "") -> HttpResponse:
    link = request.build_absolute_uri(reverse("lobby:enrol", args=[sealed])) if sealed else ""
    context = {
        "devices": Device.objects.filter(retired_at=None).order_by("kind", "name")[:MOST], "departments": Department.objects.filter(is_open=True),
        "invited": invited, "link": link, "code": segno.make(link).svg_inline(scale=4, svgclass="qr") if link else "",
    }  # fmt: skip
    return render(request, "web/devices.html", context)


@require_POST
@needs("it.operate")
def new(request: HttpRequest) -> HttpResponse:
    lobby.add(
        kind=request.POST.get("kind", ""),
        name=request.POST.get("name", ""),
        departments=request.POST.getlist("department"),
        shows_names="shows_names" in request.POST,
        by=Actor.of(request),
    )
    return redirect("web:devices")


@require_POST
@needs("it.operate")
def invite(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a new link once; it is kept nowhere in clear."""
    device = get_object_or_404(Device, public_id=public_id, retired_at=None)
    return _page(request, device, lobby.invite(device=device, by=Actor.of(request)))


@require_POST
@needs("it.operate")
def retire(request: HttpRequest, public_id: str) -> HttpResponse:
    lobby.retire(device=get_object_or_404(Device, public_id=public_id, retired_at=None), by=Actor.of(request))
    return redirect("web:devices")


@needs("reception.receive")
def slips(request: HttpRequest) -> HttpResponse:
    """Today's slips that were given while the server was away and could not be received (임시 대기표 도움)."""
    return render(request, "web/slips.html", {"rows": selectors.open_slips(limit=MOST), "why": why})


def why(key: str) -> str:
    """The sentence of a refusal, in staff's language."""
    return DomainError(key).message


@require_POST
@needs("reception.receive")
def helped(request: HttpRequest, check_in_id: int) -> HttpResponse:
    services.helped(check_in_id=check_in_id, by=Actor.of(request))
    return redirect("web:slips")
