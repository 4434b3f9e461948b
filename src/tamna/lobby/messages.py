"""What the lobby says when it refuses. Patients read it: short, in four languages, with what to do next."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "lobby.enrol_link": _("This link has been used or is too old. Make a new one on the devices page."),
    "lobby.device_name": _("Give the device a name that no other has. Nothing was kept."),
    "lobby.unknown_person": _(
        "We could not find you with these numbers. Please try again, or ask at the reception desk."
    ),
    "lobby.too_many_tries": _("These numbers did not fit several times. Please ask at the reception desk."),
    "lobby.ask_desk": _("Please go to the reception desk. Our staff will help you."),
    "lobby.already_here": _("You are already checked in for this department. Please wait for your number."),
    "lobby.code_unreadable": _("This is not a code of our hospital. Please choose another way."),
    "lobby.code_expired": _("This code is no longer valid. It works only on the day of the booking."),
    "lobby.code_too_early": _("This code is for another day. Please come on the day of your booking."),
    "lobby.code_used": _("This code has already been used. Each code works once."),
    "lobby.code_cancelled": _("This booking was cancelled or changed. Please choose another way."),
}
