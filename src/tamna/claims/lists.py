"""Lists of claims: worklist, batches and what is in one, answers."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.claims import selectors
from tamna.claims.models import Batch
from tamna.core.choices import departments
from tamna.core.format import named
from tamna.core.lists import Column, Filter, Listing, define

DEPARTMENT = Filter("department", noop("Department"), lambda rows, code: rows.filter(department__code=code), kind="choice", options=departments)  # fmt: skip


WORKLIST = define(
    Listing(
        "claims", noop("Claims"), "claims.see", view="claims:worklist", order=selectors.BY_WORTH, of_patients=True,
        columns=(
            Column("number", noop("Claim"), lambda row: row.claim_no),
            Column("patient", noop("Patient"), lambda row: row.encounter.patient.masked_name),
            Column("department", noop("Department"), lambda row: named(row.department), wide=True),
            Column("findings", noop("Findings"), lambda row: row.rejects + row.adjusts),
            Column("worth", noop("Expected loss"), lambda row: row.worth_won, number=True, sort=("worth_won", "id")),
            Column("chance", noop("Chance"), lambda row: None if row.chance is None else round(row.chance, 4), number=True, wide=True),
            Column("claimed", noop("Claimed"), lambda row: row.insurer_won, number=True),
            Column("score", noop("Score"), lambda row: row.score, number=True, wide=True),
            Column("visit", noop("Visit"), lambda row: str(row.first_visit_on), wide=True, sort=("first_visit_on", "id")),
            Column("due", noop("Due"), lambda row: str(row.due_on or ""), wide=True),
        ),
        filters=(
            Filter("state", noop("State"), lambda rows, state: rows.filter(status=state), kind="kept", default=lambda: "checked"),
            DEPARTMENT,
            Filter("share", noop("Today's share"), lambda rows, value: selectors.share_of_day(rows) if value == "today" else rows, kind="choice",
                   options=lambda: [("today", _("What can be done today"))]),
            Filter("q", noop("Claim number"), lambda rows, words: rows.filter(claim_no__startswith=words)),
        ),
        empty=noop("Nothing waits here."), hint=noop("Clean claims go on by themselves."),
    )
)  # fmt: skip

BATCHES = define(
    Listing(
        "batches", noop("Batches"), "claims.see", view="claims:batches", order=("-id",),
        columns=(
            Column("number", noop("Batch"), lambda row: row.batch_no, sort=("batch_no",)),
            Column("made", noop("Made"), lambda row: str(row.made_at)),
            Column("kind", noop("Kind"), lambda row: row.claim_kind, wide=True),
            Column("statements", noop("Statements"), lambda row: row.statements, number=True),
            Column("claimed", noop("Claimed"), lambda row: row.insurer_won, number=True),
            Column("receipt", noop("Receipt number"), lambda row: row.receipt_no, wide=True),
            Column("state", noop("State"), lambda row: row.get_status_display()),
        ),
        filters=(
            Filter("state", noop("State"), lambda rows, state: rows.filter(status=state), kind="choice", options=lambda: Batch.Status.choices),
            Filter("month", noop("Month of care (202611)"), lambda rows, month: rows.filter(care_month=month)),
        ),
        empty=noop("No batch was made yet."), hint=noop("Send ready claims from the worklist; they become batches."),
    )
)  # fmt: skip

ANSWERS = define(
    Listing(
        "answers", noop("Answers"), "claims.see", view="claims:answers", order=("-id",), of_patients=True,
        columns=(
            Column("day", noop("Day"), lambda row: str(row.decided_on)),
            Column("claim", noop("Claim"), lambda row: row.claim.claim_no),
            Column("department", noop("Department"), lambda row: named(row.claim.department), wide=True),
            Column("state", noop("State"), lambda row: _(row.status)),
            Column("reason", noop("Reason"), lambda row: row.reason_code),
            Column("asked", noop("Asked"), lambda row: row.requested_won, number=True, wide=True),
            Column("cut", noop("Cut"), lambda row: row.requested_won - row.decided_won, number=True),
            Column("act", noop("Action"), unseen=True),
        ),
        filters=(
            Filter("show", noop("State"), lambda rows, show: rows.filter(seen_at=None) if show == "new" else rows, kind="kept", default=lambda: "new"),
            Filter("department", noop("Department"), lambda rows, code: rows.filter(claim__department__code=code), kind="choice", options=departments),
            Filter("reason", noop("Reason code"), lambda rows, code: rows.filter(reason_code=code.upper())),
        ),
        empty=noop("No new answers."), hint=noop("Answers come by themselves; look at the batches to see what is still under review."),
    )
)  # fmt: skip
