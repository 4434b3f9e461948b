"""What patients says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "patients.bad_identity": _("This is not a possible number. Nothing was registered; check it and type it again."),
    "patients.identity_mismatch": _("Birth date or sex does not agree with the number. Nothing was registered."),
    "patients.identity_taken": _(
        "This person is registered already as chart %(chart_no)s. Nothing was registered twice."
    ),
    "patients.name_missing": _("Give the patient's name. Nothing was registered."),
    "patients.birth_in_future": _("The birth date lies in the future. Nothing was registered."),
    "patients.reason_missing": _("Give a reason. It is written to the audit log."),
    "patients.no_such_patient": _("There is no such patient."),
    "patients.consent_text_changed": _(
        "The text has changed since it was shown. Nothing was kept; read the new text together and answer again."
    ),
    "patients.consent_signature": _("The signature is missing. Nothing was kept; sign in the field and try again."),
    "patients.consent_guardian": _(
        "The patient is under %(age)s: a legal representative answers and signs. Nothing was kept."
    ),
    "patients.no_consent": _(
        "The patient has not agreed to this, or has withdrawn. Nothing was sent; ask for consent at the desk first."
    ),
    "patients.merge_same": _("These are the same record. Nothing was merged."),
    "patients.merge_gone": _("One of these records was merged already. Nothing was changed; open the one that stands."),
    "patients.merge_different": _(
        "The two records have different resident or foreigner numbers: they are two people. Nothing was merged."
    ),
    "patients.merge_reason": _("Say why these are one person. Nothing was merged."),
    "patients.merge_clash": _(
        "Both records have an open visit in one department, or bookings at the same minute. Nothing was changed; end or cancel one first."
    ),
    "patients.merge_held": _("Disposal of both records is held back. Nothing was changed; lift one hold first."),
    "patients.merge_undone": _("This merge was undone already. Nothing was changed."),
    "patients.merge_order": _("The kept record was itself merged later. Nothing was changed; undo that merge first."),
    "patients.review_signed": _("This month's review was signed. It stays as it is."),
    "patients.review_remark": _("Write what you found and did about it. Nothing was signed."),
    "patients.review_runs": _(
        "This month is not over. It can be signed from the first of the next one; nothing was signed."
    ),
    "patients.document_title": _("Give the document a title. Nothing was filed."),
    "patients.document_large": _("The document is over %(limit)s MB. Nothing was filed."),
    "patients.document_future": _("The document's day lies in the future. Nothing was filed."),
    "patients.document_class": _("There is no such class of documents. Nothing was changed."),
    "patients.document_erased": _("This document was erased. Nothing can be changed any more."),
    "patients.document_extended": _("Its term was extended already, or it has no class yet. Nothing was changed."),
    "patients.held_already": _("This patient's records are held back already. Nothing was changed."),
    "patients.disposal_nothing": _(
        "Nothing of this is due any more, or it was asked for already. Nothing was changed."
    ),
    "patients.disposal_decided": _("This disposal was decided already. Nothing was changed."),
    "patients.disposal_two_people": _("A disposal needs two people: somebody else decides. Nothing was changed."),
}
