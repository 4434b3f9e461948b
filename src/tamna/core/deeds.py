"""Names of what stands in the audit log (처리 이름), in the reader's words; an unknown one shows its key."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

DEEDS = {
    "absence.added": noop("Absence added"), "absence.removed": noop("Absence removed"),
    "account.unlocked": noop("Account unlocked"), "appointment.booked": noop("Booked"),
    "audit.exported": noop("Audit log exported"), "audit.verified": noop("Audit log verified"),
    "automation.level_set": noop("Automation level set"), "backup.planned": noop("Backup planned"),
    "batch.downloaded": noop("Batch file downloaded"), "batch.submitted": noop("Batch sent"),
    "bill.reminded": noop("Reminded of a bill"), "charge.added": noop("Charge added"),
    "charge.cancelled": noop("Charge cancelled"), "charge.entered": noop("Charge entered by hand"),
    "charges.seen": noop("Charges seen"), "claim.answered": noop("Answer received"),
    "claim.approved": noop("Claim approved"), "claim.batched": noop("Put into a batch"),
    "claim.checked": noop("Claim checked"), "claim.cut_accepted": noop("Cut accepted"),
    "claim.drafted": noop("Claim drafted"), "claim.fixed": noop("Claim fixed"), "claim.held": noop("Claim held"),
    "claim.paid": noop("Insurer paid"), "claim.seen": noop("Claim seen"), "clock.set": noop("Clock set"),
    "connection.set": noop("Address of a system set"), "coverage.entered": noop("Coverage entered"),
    "day.closed": noop("Day closed"), "day.explained": noop("Difference explained"),
    "departments.chosen": noop("Departments chosen"), "encounter.arrived": noop("Patient received"),
    "encounter.finished": noop("Visit finished"), "encounter.payer_changed": noop("Payer changed"),
    "fees.imported": noop("Fee master imported"), "finding.accepted": noop("Finding let stand"),
    "hospital.created": noop("Hospital created"), "hours.set": noop("Hours set"),
    "identity.revealed": noop("Full number shown"), "invoice.issued": noop("Bill issued"),
    "invoice.seen": noop("Bill seen"), "job.retried": noop("Job tried again"),
    "journal.posted": noop("Journal entry posted"), "key.master_replaced": noop("Master key replaced"),
    "key.rotated": noop("Field key changed"), "key.sealed_again": noop("Values sealed again"),
    "letter.retried": noop("Delivery tried again"), "list.downloaded": noop("List downloaded"),
    "login.failed": noop("Sign-in failed"), "login.locked": noop("Account locked"), "login.ok": noop("Signed in"),
    "logout": noop("Signed out"), "order.placed": noop("Order received"),
    "order_code.confirmed": noop("Order code confirmed"), "password.changed": noop("Password changed"),
    "patient.break_glass": noop("Protected record opened"), "patient.contact_changed": noop("Contact changed"),
    "patient.exported": noop("Patient exported"), "patient.registered": noop("Patient registered"),
    "patient.seen": noop("Patient seen"), "payment.refunded": noop("Refunded"), "payment.taken": noop("Payment taken"),
    "proposal.accepted": noop("Proposal accepted"), "proposal.acted": noop("Proposal carried out"),
    "proposal.edited": noop("Proposal edited"), "proposal.failed": noop("Proposal failed"),
    "proposal.refused": noop("Proposal refused"), "proposal.undone": noop("Proposal undone"),
    "receipt.printed": noop("Receipt printed"), "records.imported": noop("Records imported"),
    "setup.refused": noop("Set-up refused"), "simulator.faults": noop("Simulator faults set"),
    "ticket.absent": noop("Absent when called"), "ticket.called": noop("Called"),
    "ticket.cancelled": noop("Ticket cancelled"), "ticket.done": noop("Ticket done"),
    "ticket.entered": noop("Entered the room"), "ticket.issued": noop("Ticket issued"),
    "ticket.recalled": noop("Called again"), "ticket.reordered": noop("Order changed"),
    "ticket.returned": noop("Back in the queue"), "token.made": noop("Token made"),
    "token.revoked": noop("Token revoked"), "totp.disabled": noop("Second factor switched off"),
    "totp.enrolled": noop("Second factor set up"), "totp.recovery_used": noop("Recovery code used"),
}  # fmt: skip


def name_of(action: str) -> str:
    return _(DEEDS[action]) if action in DEEDS else action
