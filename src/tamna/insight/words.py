"""Names of classes of service (항) in the reader's words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

CLASSES = {
    "01": noop("Consultations"), "02": noop("Rooms and meals"), "03": noop("Oral drugs"), "04": noop("Injections"), "05": noop("Anaesthesia"),
    "06": noop("Physical therapy"), "07": noop("Psychotherapy"), "08": noop("Procedures and operations"), "09": noop("Tests"), "10": noop("Imaging"),
    "S": noop("CT and MRI"), "T": noop("Special materials"), "A": noop("Selective 50 %"), "B": noop("Selective 80 %"), "D": noop("Selective 30 %"),
    "E": noop("Selective 90 %"), "U": noop("Full self-pay"), "W": noop("Non-covered"),
}  # fmt: skip


def class_name(code: str) -> str:
    """진찰료 for 01; a code that is not known shows itself."""
    return _(CLASSES[code]) if code in CLASSES else code or _("Not named")
