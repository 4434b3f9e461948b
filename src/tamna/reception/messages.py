"""What reception says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "reception.diagnosis_reason": _("Give a reason for changing the diagnoses. Nothing was changed."),
    "reception.diagnosis_missing": _("Give at least one diagnosis, each once. Nothing was changed."),
    "reception.doctor_form": _("A licence number of digits and a Korean name are needed. Nothing was kept."),
    "reception.license_taken": _("This licence number belongs to another doctor. Nothing was kept."),
    "reception.hours_past": _("Hours begin today or later. Nothing was changed."),
    "reception.hours_minutes": _("A booking has 5 to 120 minutes. Nothing was changed."),
    "reception.hours_overlap": _("Two hours of one day overlap, or one ends before it begins. Nothing was changed."),
    "reception.absence_days": _("Days away begin today or later and end after they begin. Nothing was changed."),
    "reception.slot_taken": _("This time was just taken. Nothing was booked; choose another time."),
    "reception.no_forecast": _(
        "Nothing is told for this day yet. No plan was kept; the coming week is told each night."
    ),
    "reception.staff_target": _("The wait is 0.5 to 60 minutes, spare counters 0 to 5. Nothing was kept."),
    "reception.study_numbers": _(
        "These numbers do not fit: high season 100–300 %%, low 30–100 %%, rooms 1–20. No study was begun."
    ),
    "reception.unknown_notice": _("There is no such notice. Nothing was changed."),
    "reception.doctor_busy": _(
        "The doctor sees somebody else during this time. Nothing was booked; choose another time."
    ),
    "reception.slot_held": _(
        "Somebody else is choosing this time. Nothing was booked; choose another, or wait a moment."
    ),
    "reception.override_reason": _("Give a reason for squeezing in. Nothing was booked."),
    "reception.waits_already": _("The patient is on the waiting list of this department already. Nothing was changed."),
    "reception.waiting_days": _("The days to wait for begin today or later. Nothing was kept."),
    "reception.offer_gone": _(
        "This offer is no longer open: it lapsed, or somebody was faster. The place on the list stays."
    ),
    "reception.patient_elsewhere": _("The patient has another booking at this time. Nothing was booked."),
    "reception.slot_closed": _("This time is not open for booking. Nothing was booked."),
    "reception.not_cancellable": _("Only a booking that has not begun can be cancelled. Nothing was changed."),
    "reception.open_visit": _("The patient is already here for this department today. No second ticket was issued."),
    "reception.wrong_state": _(
        "The ticket is “%(status)s” now; this step does not fit. The board shows the present state."
    ),
    "reception.nobody_waits": _("Nobody is waiting."),
    "reception.visit_closed": _("This visit is closed. Nothing was changed."),
    "reception.payer_reason": _("Give a reason for the change of payer. Nothing was changed."),
    "reception.unknown_payer": _("There is no such payer. Nothing was changed."),
    "reception.no_doctor": _("This department has no doctor today. No ticket was issued."),
    "reception.identity_unchecked": _("Check the patient's identity first. No ticket was issued."),
    "fhir.no_such_file": _("There is no such file or folder. Nothing was taken."),
    "fhir.empty_folder": _("The folder holds no FHIR file. Nothing was taken."),
    "fhir.no_right": _("Tamna may not read it. None of it was taken."),
    "fhir.unreadable": _("It cannot be read from the disk. None of it was taken."),
    "fhir.empty": _("The file is empty. None of it was taken."),
    "fhir.empty_bundle": _("The bundle has no entry. None of it was taken."),
    "fhir.encoding": _("The file is not UTF-8 but looks like %(found)s. None of it was taken."),
    "fhir.binary": _("The file is not text. None of it was taken."),
    "fhir.too_large": _("It is larger than %(limit_mib)s MiB unpacked. None of it was taken."),
    "fhir.too_deep": _("It is nested deeper than any FHIR resource. None of it was taken."),
    "fhir.cut_json": _("The JSON ends too early, at line %(line)s. None of it was taken."),
    "fhir.cut_gzip": _(
        "The compressed file is cut or damaged. What was whole before it stays; nothing was taken by halves."
    ),
    "fhir.bad_json": _("It is not JSON at line %(line)s, column %(column)s. None of it was taken."),
    "fhir.bad_number": _("A number is none that FHIR allows (%(found)s). None of it was taken."),
    "fhir.key_twice": _("An element is given twice, so that it is not clear which one holds. None of it was taken."),
    "fhir.bad_text": _("A text holds half a character or a NUL, which no text may hold. None of it was taken."),
    "fhir.not_fhir": _("It is JSON but not a FHIR R4 bundle or resource. None of it was taken."),
    "fhir.no_lines": _("%(count)s lines one after another are not JSON. None of them was taken."),
    "fhir.bundle_type": _("This type of bundle is not taken, only %(taken)s. None of it was taken."),
    "fhir.no_resource": _("The entry holds no resource. It was left out; the others were taken."),
    "fhir.wrong_type": _("The resource type is not one of R4. It was left out; the others were taken."),
    "fhir.bad_element": _("This element is not as R4 has it. The resource was left out; the others were taken."),
    "fhir.element_missing": _("A required element is missing. The resource was left out; the others were taken."),
    "fhir.method": _("The entry asks to change or delete. Nothing was changed; it was left out."),
    "fhir.same_id_twice": _("The bundle holds two different resources under one id. The second was left out."),
    "fhir.does_not_fit": _("A value is larger than any record has room for. None of it was taken."),
    "fhir.changed": _("It is here already with other content. The first one stays."),
    "fhir.reference_missing": _(
        "It names a patient who is neither in the bundle nor here. It was left out; the others were taken."
    ),
    "fhir.person_differs": _(
        "Name, birth date or sex are not those of the person with this id here. None of it was taken."
    ),
    "patients.no_recipient": _("Say which hospital the records are for. Nothing was given out."),
    "fhir.no_patient": _("There is no patient under this number or id. Nothing was written."),
}
