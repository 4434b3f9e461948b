"""Who may do what (접근 권한): roles → capabilities, in one table; every view names its capability.

Law: 개인정보의 안전성 확보조치 기준 제5조 (least privilege). A view without a capability is refused for everyone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"  # no sign-in: sign-in page, health, the synthetic door
SIGNED_IN = "signed-in"  # any staff member: home, own notifications, language
DEVICE = "door.device"  # a kiosk or a board that staff enrolled: by the key it keeps, never by an account
LINK = "door.link"  # a patient who came by a signed link that expires: by the link, never by an account
DOORS: dict[
    str, Callable[[HttpRequest], HttpResponseBase | None]
] = {}  # how each door looks at who knocks; None lets in

CAPABILITIES: dict[str, str] = {
    "patients.see": noop("See patients"),
    "patients.register": noop("Register and change patients"),
    "patients.identifiers": noop("Open full identifiers with a reason"),
    "patients.break_glass": noop("Open protected records with a reason"),
    "patients.merge": noop("Merge records of one person and undo it"),
    "privacy.dispose": noop("Ask for and approve disposals, hold records back"),
    "privacy.review": noop("Review who looked at records, and sign"),
    "reception.see": noop("See bookings and queues"),
    "reception.book": noop("Book and cancel"),
    "reception.override": noop("Book against a conflict, with a reason"),
    "reception.receive": noop("Receive patients and run the queue"),
    "reception.hours": noop("Set doctors, rooms and hours"),
    "billing.see": noop("See charges and bills"),
    "billing.charge": noop("Add and cancel charges"),
    "billing.take": noop("Take payments"),
    "billing.refund": noop("Refund payments"),
    "billing.close": noop("Close the day"),
    "billing.tax": noop("Make the tax-deduction file"),
    "billing.write_off": noop("Write off what cannot be collected"),
    "billing.fees": noop("Import the fee master"),
    "claims.see": noop("See claims"),
    "claims.work": noop("Correct and approve claims"),
    "claims.submit": noop("Send claim batches"),
    "claims.rules": noop("Write claim rules"),
    "claims.approve_rules": noop("Approve claim rules that another person wrote"),
    "ledger.see": noop("See the ledger"),
    "ledger.post": noop("Post journal entries"),
    "insight.see": noop("See figures of the hospital"),
    "automations.see": noop("See the automation catalogue"),
    "automations.decide": noop("Decide proposals"),
    "automations.set_level": noop("Set automation levels"),
    "audit.see": noop("Read the audit log"),
    "it.operate": noop("Operate jobs, connections and keys"),
    "it.tokens": noop("Make API tokens"),
    "people.accounts": noop("Manage accounts"),
}


@dataclass(frozen=True)
class Role:
    """A role of the five teams, the director, IT or the auditor."""

    key: str
    title: str
    team: str
    capabilities: frozenset[str]


def _role(key: str, title: str, team: str, *capabilities: str) -> tuple[str, Role]:
    unknown = set(capabilities) - set(CAPABILITIES)
    if unknown:
        raise ValueError(f"role {key} names unknown capabilities {sorted(unknown)}")
    return key, Role(key, title, team, frozenset(capabilities))


TEAMS: dict[str, str] = {
    "director": noop("Director of administration"),
    "front": noop("Patient affairs"),
    "claims": noop("Insurance review"),
    "general": noop("General affairs"),
    "planning": noop("Planning"),
    "it": noop("Information systems"),
    "audit": noop("Audit"),
}

_DESK = ("patients.see", "patients.register", "patients.identifiers", "patients.break_glass", "reception.see",
         "reception.book", "reception.receive", "billing.see", "automations.see", "automations.decide")  # fmt: skip
_CASH = ("patients.see", "reception.see", "billing.see", "billing.charge", "billing.take", "billing.close",
         "automations.see", "automations.decide")  # fmt: skip
_CLAIMS = ("patients.see", "patients.break_glass", "reception.see", "billing.see", "claims.see", "claims.work",
           "claims.submit", "claims.rules", "claims.approve_rules", "billing.fees", "automations.see", "automations.decide")  # fmt: skip

ROLES: dict[str, Role] = dict(
    (
        _role("director", noop("Director"), "director", "patients.see", "reception.see", "billing.see", "billing.write_off", "claims.see",
              "claims.approve_rules", "ledger.see", "insight.see", "automations.see", "automations.decide", "automations.set_level"),
        _role("front_lead", noop("Head of patient affairs"), "front", *{*_DESK, *_CASH, "billing.refund", "billing.tax", "billing.fees", "claims.see",
              "insight.see", "automations.set_level", "reception.hours", "reception.override", "patients.merge", "privacy.dispose"}),
        _role("reception", noop("Reception clerk"), "front", *_DESK),
        _role("cashier", noop("Cashier"), "front", *_CASH),
        _role("claims", noop("Claims clerk"), "claims", *_CLAIMS),
        _role("general", noop("General affairs"), "general", "ledger.see", "ledger.post", "automations.see",
              "automations.decide"),
        _role("planning", noop("Planning"), "planning", "ledger.see", "insight.see", "claims.see", "automations.see",
              "automations.decide"),
        _role("it", noop("IT operator"), "it", "privacy.dispose", "it.operate", "it.tokens", "people.accounts", "audit.see", "reception.hours", "billing.fees",
              "automations.see", "automations.decide", "automations.set_level", "insight.see"),
        _role("auditor", noop("Auditor and privacy officer"), "audit", "audit.see", "privacy.review", "privacy.dispose", "ledger.see", "billing.see", "claims.see",
              "automations.see", "insight.see"),
    )
)  # fmt: skip


def capabilities_of(role: str) -> frozenset[str]:
    known = ROLES.get(role)
    return known.capabilities if known else frozenset()


def may(user: Any, capability: str) -> bool:
    """Whether this person may do this by role; `patients.openings` says which protected records are open to whom."""
    if capability == PUBLIC:
        return True
    if not getattr(user, "is_authenticated", False):
        return False
    if capability == SIGNED_IN:
        return True
    return capability in capabilities_of(user.role)


def needs(capability: str) -> Callable[[View], View]:
    """Mark a view with the capability it needs; the middleware enforces it. A door of patients looks for itself (`DOORS`)."""
    if capability not in CAPABILITIES and capability not in {PUBLIC, SIGNED_IN, DEVICE, LINK}:
        raise ValueError(f"unknown capability {capability}")

    def mark(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if capability in {DEVICE, LINK}:
                return DOORS[capability](request) or view(request, *args, **kwargs)
            if not may(request.user, capability):
                raise PermissionDenied(capability)
            return view(request, *args, **kwargs)

        checked.capability = capability  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return mark


def title(key: str) -> Any:
    """Translated name of a role, team or capability."""
    role = ROLES.get(key)
    return _(role.title) if role else _(TEAMS.get(key) or CAPABILITIES.get(key) or key)
