"""A new patient at the desk (신환 등록): what a number says is filled in while typing, and who is registered already is shown.

What is typed travels in the body of a request, never in an address.
"""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.core import clock
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.engines.identity.likeness import Described
from tamna.patients import duplicates, identifiers, services
from tamna.patients import selectors as people


@needs("patients.register")
def new_patient(request: HttpRequest) -> HttpResponse:
    """The form; registered, the desk goes on with the patient."""
    values, error = request.POST if request.method == "POST" else QueryDict(), ""
    if request.method == "POST":
        try:
            number, birth_on = values.get("number", "").strip(), _day(values.get("birth_on", ""))
            patient = services.register_patient(
                name=values.get("name", ""), birth_on=birth_on, sex=values.get("sex", ""), phone=values.get("phone", ""), address=values.get("address", ""),
                identity=(values.get("kind", "rrn"), number) if number else None, language=values.get("language", "ko"), by=Actor.of(request),
            )  # fmt: skip
            return redirect(f"/reception/?patient={patient.public_id}")
        except DomainError as refused:
            error = refused.message
        except ValueError:
            error = _("The birth date cannot be read. Nothing was registered.")
    context = {
        "values": values,
        "error": error,
        **(_checked(values) if values else {"said": None, "found": [], "taken": None, "is_unreadable": False}),
    }
    return render(request, "reception/new_patient.html", context, status=422 if error else 200)


@require_POST
@needs("patients.register")
def check(request: HttpRequest) -> HttpResponse:
    """What the number says and who is like this person, for the form that is being filled."""
    return render(request, "reception/_newcomer.html", {"values": request.POST, "fill": True, **_checked(request.POST)})


def _checked(values: QueryDict) -> dict[str, Any]:
    number = values.get("number", "").strip()
    said = identifiers.parse(values.get("kind", "rrn"), number, clock.today()) if number else None
    taken = people.holder(said.kind, said.number) if said else None
    try:
        typed = _day(values.get("birth_on", ""))
    except ValueError:
        typed = None
    name = values.get("name", "") or (said.name if said else "")
    one = Described(
        name,
        (said.birth_on if said else None) or typed,
        (said.sex if said else "") or values.get("sex", ""),
        values.get("phone", ""),
    )
    found = duplicates.like(one, besides=taken.pk if taken else 0) if name.strip() else []
    return {
        "said": said,
        "taken": taken,
        "found": found,
        "parts": duplicates.PARTS,
        "is_unreadable": _is_whole(number) and said is None,
    }


def _is_whole(number: str) -> bool:
    """Long enough that it is not still being typed."""
    return sum(letter.isalnum() or letter == "<" for letter in number) >= 13


def _day(text: str) -> date | None:
    """The day of a date field; nothing where it is empty. Raises ValueError."""
    found = parse_date(text) if text else None
    if text and found is None:
        raise ValueError(text)
    return found
