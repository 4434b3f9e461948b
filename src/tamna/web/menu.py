"""The team menu (left). One line an entry: group, label, url name, capability; only what a person may use is shown."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core import access


@dataclass(frozen=True)
class Entry:
    group: str
    label: str
    view: str
    capability: str
    icon: str = ""


ENTRIES = (
    Entry(noop("My work"), noop("Home"), "web:home", access.SIGNED_IN),
    Entry(noop("My work"), noop("Proposals"), "web:proposals", "automations.decide"),
    Entry(noop("Patient affairs"), noop("Reception desk"), "reception:desk", "reception.receive"),
    Entry(noop("Patient affairs"), noop("Counter conversation"), "reception:conversation", "reception.see"),
    Entry(noop("Patient affairs"), noop("Bookings"), "reception:bookings", "reception.see"),
    Entry(noop("Patient affairs"), noop("Bookable times"), "reception:times", "reception.see"),
    Entry(noop("Patient affairs"), noop("Waiting list"), "reception:waiting", "reception.see"),
    Entry(noop("Patient affairs"), noop("Slips of the kiosk"), "web:slips", "reception.receive"),
    Entry(noop("Patient affairs"), noop("Notices to patients"), "reception:communications", "reception.see"),
    Entry(noop("Patient affairs"), noop("Queue board"), "reception:board", "reception.see"),
    Entry(noop("Patient affairs"), noop("Forecasts"), "reception:models", "reception.see"),
    Entry(noop("Patient affairs"), noop("Visits by hour"), "reception:hourly", "reception.see"),
    Entry(noop("Patient affairs"), noop("Counters of a day"), "reception:staffing", "reception.see"),
    Entry(noop("Patient affairs"), noop("Patients"), "patients:list", "patients.see"),
    Entry(noop("Patient affairs"), noop("Merged records"), "patients:merges", "patients.merge"),
    Entry(noop("Patient affairs"), noop("Cashier"), "billing:cashier", "billing.see"),
    Entry(noop("Patient affairs"), noop("Unpaid bills"), "billing:unpaid", "billing.see"),
    Entry(noop("Patient affairs"), noop("Third payers"), "billing:payer-bills", "billing.see"),
    Entry(noop("Patient affairs"), noop("Day close"), "billing:closing", "billing.close"),
    Entry(noop("Insurance claims"), noop("Claims worklist"), "claims:worklist", "claims.see"),
    Entry(noop("Insurance claims"), noop("Batches"), "claims:batches", "claims.see"),
    Entry(noop("Insurance claims"), noop("Answers"), "claims:answers", "claims.see"),
    Entry(noop("Insurance claims"), noop("Objections"), "claims:remedies", "claims.see"),
    Entry(noop("Insurance claims"), noop("Claim rules"), "claims:rules", "claims.see"),
    Entry(noop("Insurance claims"), noop("Records asked for"), "claims:records", "claims.see"),
    Entry(noop("Finance"), noop("Claims and ledger"), "ledger:receivables", "ledger.see"),
    Entry(noop("Insurance claims"), noop("Effect of checking"), "claims:effect", "claims.see"),
    Entry(noop("Insurance claims"), noop("Checks of the archive"), "claims:rechecks", "claims.see"),
    Entry(noop("Insurance claims"), noop("Findings at the order"), "claims:early", "claims.see"),
    Entry(noop("Insurance claims"), noop("Claims in figures"), "insight:claims", "claims.see"),
    Entry(noop("Insurance claims"), noop("History under other fees"), "insight:repricings", "claims.see"),
    Entry(noop("Insurance claims"), noop("Learnt risk"), "claims:risk", "claims.see"),
    Entry(noop("Finance"), noop("Journal"), "ledger:journal", "ledger.see"),
    Entry(noop("Finance"), noop("Trial balance"), "ledger:trial-balance", "ledger.see"),
    Entry(noop("Management"), noop("High and low season"), "reception:season", "insight.see"),
    Entry(noop("Management"), noop("Use of rooms"), "reception:utilisation", "insight.see"),
    Entry(noop("Management"), noop("Director's page"), "insight:director", "insight.see"),
    Entry(noop("System"), noop("Automation catalogue"), "web:catalogue", "automations.see"),
    Entry(noop("System"), noop("Audit log"), "web:audit", "audit.see"),
    Entry(noop("Patient affairs"), noop("Documents to sort"), "patients:sorting", "patients.register"),
    Entry(noop("System"), noop("Disposal"), "patients:disposals", "privacy.dispose"),
    Entry(noop("System"), noop("Access review"), "patients:access-reviews", "privacy.review"),
    Entry(noop("System"), noop("Jobs"), "web:jobs", "it.operate"),
    Entry(noop("System"), noop("Connections"), "web:connections", "it.operate"),
    Entry(noop("System"), noop("Imports"), "web:imports", "it.operate"),
    Entry(noop("System"), noop("Set-up"), "web:setup", "it.operate"),
    Entry(noop("System"), noop("Accounts"), "web:accounts", "people.accounts"),
    Entry(noop("System"), noop("Doctors and hours"), "reception:doctors", "reception.hours"),
    Entry(noop("Patient affairs"), noop("Order codes"), "billing:order-codes", "billing.see"),
    Entry(noop("Patient affairs"), noop("Tax deduction"), "billing:tax", "billing.tax"),
    Entry(noop("System"), noop("Fee master"), "billing:fees", "billing.fees"),
    Entry(noop("System"), noop("Kiosks and boards"), "web:devices", "it.operate"),
    Entry(noop("System"), noop("Encryption keys"), "web:keys", "it.operate"),
    Entry(noop("System"), noop("API tokens"), "web:tokens", "it.tokens"),
)


def menu_for(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups with their entries, in order; the current page is marked."""
    groups: dict[str, list[dict[str, Any]]] = {}
    nearest = ""
    for entry in ENTRIES:
        if not access.may(request.user, entry.capability):
            continue
        try:
            url = reverse(entry.view)
        except NoReverseMatch:
            continue
        if len(url) > len(nearest) and (request.path == url or (url != "/" and request.path.startswith(url))):
            nearest = url
        groups.setdefault(entry.group, []).append({"label": _(entry.label), "url": url})
    for entries in groups.values():
        for shown in entries:
            shown["current"] = shown["url"] == nearest
    return [{"title": _(group), "entries": entries} for group, entries in groups.items()]
