"""What reception says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "reception.slot_taken": _("This time was just taken. Nothing was booked; choose another time."),
    "reception.patient_elsewhere": _("The patient has another booking at this time. Nothing was booked."),
    "reception.slot_closed": _("This time is not open for booking. Nothing was booked."),
    "reception.not_cancellable": _("Only a booking that has not begun can be cancelled. Nothing was changed."),
    "reception.open_visit": _("The patient is already here for this department today. No second ticket was issued."),
    "reception.wrong_state": _(
        "The ticket is “%(status)s” now; this step does not fit. The board shows the present state."
    ),
    "reception.nobody_waits": _("Nobody is waiting."),
    "reception.visit_closed": _("This visit is closed. Nothing was changed."),
    "reception.no_doctor": _("This department has no doctor today. No ticket was issued."),
    "reception.identity_unchecked": _("Check the patient's identity first. No ticket was issued."),
}
