"""Who pays a visit (보험 유형), as `tamna copay` names them, with the words a person reads."""

from django.utils.translation import gettext_noop as noop

PAYERS = {
    "nhi": noop("Health insurance"), "medical_aid_1": noop("Medical aid 1"), "medical_aid_2": noop("Medical aid 2"), "near_poor_1": noop("Near-poor 1"),
    "near_poor_2": noop("Near-poor 2"), "veteran": noop("Veteran"), "auto": noop("Car accident"), "industrial": noop("Industrial accident"), "self": noop("Self-pay"),
}  # fmt: skip
