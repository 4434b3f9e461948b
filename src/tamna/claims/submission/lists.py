"""Lists of what is sent: incomplete statements, statements of a batch, rows of an answer, records asked for."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.claims.submission.completeness import said
from tamna.core.format import language, named
from tamna.core.lists import Column, Filter, Listing, define

INCOMPLETE = define(
    Listing(
        "claims.incomplete", noop("Incomplete claims"), "claims.see", view="claims:prepare", order=("first_visit_on", "id"), of_patients=True,
        columns=(
            Column("number", noop("Claim"), lambda row: row.claim_no),
            Column("patient", noop("Patient"), lambda row: row.encounter.patient.masked_name),
            Column("department", noop("Department"), lambda row: named(row.department), wide=True),
            Column("reasons", noop("What is missing or wrong"), lambda row: " / ".join(said(row.gaps, language()))),
            Column("claimed", noop("Claimed"), lambda row: row.insurer_won, number=True, wide=True),
            Column("visit", noop("Visit"), lambda row: str(row.first_visit_on), wide=True),
        ),
        empty=noop("Nothing is missing on any claim."), hint=noop("Every claim is asked again when its batch is made."),
    )
)  # fmt: skip

STATEMENTS = define(
    Listing(
        "batches.statements", noop("Statements"), "claims.see", order=("serial_no", "id"), of_patients=True,
        columns=(
            Column("serial", noop("Serial"), lambda row: row.serial_no, sort=("serial_no", "id")),
            Column("number", noop("Claim"), lambda row: row.claim.claim_no),
            Column("patient", noop("Patient"), lambda row: row.claim.encounter.patient.masked_name),
            Column("department", noop("Department"), lambda row: named(row.claim.department), wide=True),
            Column("total", noop("Total"), lambda row: row.total_won, number=True, wide=True),
            Column("claimed", noop("Claimed"), lambda row: row.insurer_won, number=True),
            Column("decided", noop("Decided"), lambda row: row.claim.decided_won, number=True, wide=True),
            Column("state", noop("State"), lambda row: row.claim.get_status_display()),
        ),
    )
)  # fmt: skip

ANSWER = define(
    Listing(
        "batches.answer", noop("Rows of an answer"), "claims.see", order=("claim__serial_no", "id"), of_patients=True,
        columns=(
            Column("claim", noop("Claim"), lambda row: row.claim.claim_no),
            Column("patient", noop("Patient"), lambda row: row.claim.encounter.patient.masked_name),
            Column("state", noop("State"), lambda row: _(row.status)),
            Column("asked", noop("Asked"), lambda row: row.requested_won, number=True),
            Column("decided", noop("Decided"), lambda row: row.decided_won, number=True),
            Column("reason", noop("Reason code"), lambda row: row.reason_code),
            Column("text", noop("Text"), lambda row: row.reason_text, wide=True),
        ),
    )
)  # fmt: skip

RECORDS = define(
    Listing(
        "records", noop("Records asked for"), "claims.see", view="claims:records", order=("due_on", "id"),
        columns=(
            Column("due", noop("Due"), lambda row: str(row.due_on), sort=("due_on", "id")),
            Column("claim", noop("Claim"), lambda row: row.claim.claim_no),
            Column("department", noop("Department"), lambda row: named(row.claim.department), wide=True),
            Column("what", noop("What is asked for"), lambda row: row.what),
            Column("claimed", noop("Claimed"), lambda row: row.claim.insurer_won, number=True),
            Column("sent", noop("Sent"), lambda row: str(row.sent_at or "")),
        ),
        filters=(
            Filter("show", noop("State"), lambda rows, show: rows.filter(sent_at=None) if show == "open" else rows, kind="kept", default=lambda: "open"),
        ),
        empty=noop("The agency asks for nothing."), hint=noop("A request comes with its day; it is told in the bell before it is late."),
    )
)  # fmt: skip
