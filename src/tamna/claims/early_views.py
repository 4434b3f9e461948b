"""The list of what was found at orders and at discharge on visits that have no statement yet (오더·퇴원 시점 점검 결과)."""

from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.claims.models import Claim, EarlyFinding
from tamna.claims.studio.lists import SEVERITIES
from tamna.core import lists
from tamna.core.access import needs
from tamna.core.choices import departments
from tamna.core.format import language, named
from tamna.core.lists import Column, Filter, Listing, define

FINDINGS = define(
    Listing(
        "early", noop("Findings at the order"), "claims.see", view="claims:early", order=("-found_at", "-id"),
        columns=(
            Column("at", noop("Found at"), lambda row: str(row.found_at)),
            Column("department", noop("Department"), lambda row: named(row.encounter.department)),
            Column("stage", noop("When"), lambda row: row.get_stage_display(), wide=True),
            Column("order", noop("Ordered item"), lambda row: row.order.code if row.order else ""),
            Column("rule", noop("Rule"), lambda row: row.rule_id),
            Column("message", noop("Finding"), lambda row: row.message_ko if language() == "ko" else row.message_en, wide=True),
            Column("won", noop("At risk"), lambda row: row.won_at_risk, number=True),
        ),
        filters=(
            Filter("department", noop("Department"), lambda rows, code: rows.filter(encounter__department__code=code), kind="choice", options=departments),
            Filter("severity", noop("Severity"), lambda rows, value: rows.filter(severity=value), kind="choice", options=lambda: [(key, _(text)) for key, text in SEVERITIES.items()]),
        ),
        empty=noop("No visit that goes on has a finding."), hint=noop("Orders of the HIS are checked within seconds; what is found shows here and on the visit."),
    )
)  # fmt: skip


@needs("claims.see")
def findings(request: HttpRequest) -> HttpResponseBase:
    """Open findings of visits whose statement is not there yet, newest first."""
    claimed = Claim.objects.filter(encounter=OuterRef("encounter")).exclude(status=Claim.Status.WITHDRAWN)
    open_ones = EarlyFinding.objects.filter(~Exists(claimed), gone_at=None)
    rows = open_ones.select_related("encounter__department", "order")
    return lists.show(request, FINDINGS, rows, "claims/early.html", {"severities": SEVERITIES})
