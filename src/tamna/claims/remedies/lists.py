"""The list of remedies: what may be regained for each day that is left comes first."""

from django.utils.translation import gettext_noop as noop

from tamna.claims.models import Remedy
from tamna.core.choices import departments
from tamna.core.lists import Column, Filter, Listing, define

STATES = {
    "open": ("offered", "draft"), "filed": ("filed",), "ruled": ("upheld", "partly", "dismissed"), "dropped": ("dropped",),
}  # fmt: skip

REMEDIES = define(
    Listing(
        "remedies", noop("Objections"), "claims.see", view="claims:remedies", order=("-rank", "-id"), of_patients=True,
        columns=(
            Column("claim", noop("Claim"), lambda row: row.claim.claim_no),
            Column("kind", noop("Kind"), lambda row: row.get_kind_display()),
            Column("reason", noop("Reason"), lambda row: row.response.reason_code, wide=True),
            Column("asked", noop("Asked for"), lambda row: row.asked_won, number=True, sort=("asked_won", "id")),
            Column("chance", noop("Chance"), lambda row: f"{row.chance:.0%}", number=True, wide=True),
            Column("rank", noop("Won a day left"), lambda row: row.rank, number=True, sort=("rank", "id")),
            Column("due", noop("Last day"), lambda row: str(row.due_on), sort=("due_on", "id")),
            Column("regained", noop("Regained"), lambda row: row.regained_won, number=True, wide=True),
            Column("state", noop("State"), lambda row: row.get_status_display()),
        ),
        filters=(
            Filter("show", noop("State"), lambda rows, show: rows.filter(status__in=STATES.get(show, STATES["open"])), kind="kept", default=lambda: "open"),
            Filter("kind", noop("Kind"), lambda rows, kind: rows.filter(kind=kind), kind="choice", options=lambda: Remedy.Kind.choices),
            Filter("department", noop("Department"), lambda rows, code: rows.filter(claim__department__code=code), kind="choice", options=departments),
            Filter("q", noop("Claim number"), lambda rows, words: rows.filter(claim__claim_no__startswith=words)),
        ),
        empty=noop("Nothing waits here."), hint=noop("Cuts are offered here as the agency's answers come."),
    )
)  # fmt: skip
