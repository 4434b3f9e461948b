"""Lists of patients: everyone, and one person's visits."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core.deeds import name_of
from tamna.core.format import language, moment, named
from tamna.core.lists import Column, Filter, Listing, define
from tamna.core.people import called
from tamna.engines.filing import CLASSES
from tamna.patients import selectors
from tamna.patients.kinds import KINDS, kind_name
from tamna.patients.payers import PAYERS

PATIENTS = define(
    Listing(
        "patients", noop("Patients"), "patients.see", view="patients:list", order=("-id",), of_patients=True,
        columns=(
            Column("name", noop("Name"), lambda row: row.masked_name),
            Column("chart", noop("Chart"), lambda row: row.chart_no, sort=("chart_no",)),
            Column("birth", noop("Birth date"), lambda row: str(row.birth_on), sort=("birth_on", "id")),
            Column("sex", noop("Sex"), lambda row: row.sex, wide=True),
            Column("language", noop("Language"), lambda row: row.language, wide=True),
        ),
        filters=(
            Filter("q", noop("Name, first consonants, phone, birth date, chart or resident number"),
                   lambda rows, words: selectors.matching(words, rows), personal=True),
        ),
        empty=noop("Nobody is registered yet."), hint=noop("Register a new patient at the reception desk with N."),
    )
)  # fmt: skip

VISITS = define(
    Listing(
        "patients.visits", noop("Visits"), "patients.see", order=("-arrived_at", "-id"), size=20, of_patients=True,
        columns=(
            Column("day", noop("Day"), lambda row: str(row.business_on), sort=("arrived_at", "id")),
            Column("department", noop("Department"), lambda row: named(row.department)),
            Column("setting", noop("Setting"), lambda row: row.get_setting_display(), wide=True),
            Column("payer", noop("Payer"), lambda row: "" if row.is_imported else _(PAYERS[row.payer]), wide=True),
            Column("state", noop("State"), lambda row: row.get_status_display()),
        ),
        empty=noop("No visits yet."),
    )
)  # fmt: skip

ELSEWHERE = define(
    Listing(
        "patients.elsewhere", noop("Records from elsewhere"), "patients.see", order=("-happened_at", "-id"), of_patients=True,
        columns=(
            Column("day", noop("Day"), lambda row: moment(row.happened_at), sort=("happened_at", "id")),
            Column("kind", noop("Kind"), lambda row: kind_name(row.resource_type)),
            Column("what", noop("What"), lambda row: row.title),
            Column("state", noop("State"), lambda row: _("Record here") if row.mapped_to else _("Kept as it came"), wide=True),
        ),
        filters=(
            Filter("kind", noop("Kind"), lambda rows, kind: rows.filter(resource_type=kind), kind="choice",
                   options=lambda: [(key, _(text)) for key, text in KINDS.items()]),
            Filter("visit", noop("Visit"), selectors.of_visit, kind="kept"),
        ),
        empty=noop("No records fit."),
    )
)  # fmt: skip

MERGES = define(
    Listing(
        "patients.merges", noop("Merged records"), "patients.merge", view="patients:merges", order=("-id",), of_patients=True,
        columns=(
            Column("at", noop("When"), lambda row: moment(row.merged_at), sort=("id",)),
            Column("kept", noop("Kept chart"), lambda row: row.kept.chart_no),
            Column("gone", noop("Merged chart"), lambda row: row.gone.chart_no),
            Column("rows", noop("Records moved"), lambda row: sum(len(ids) for ids in row.moved.values()), number=True),
            Column("reason", noop("Reason"), lambda row: row.reason, wide=True),
            Column("by", noop("Merged by"), lambda row: called(row.merged_by), wide=True),
            Column("state", noop("State"), lambda row: _("Undone") if row.undone_at else _("Holds")),
        ),
        empty=noop("No records were merged yet."), hint=noop("Open a patient and look under “Same person?”."),
    )
)  # fmt: skip

LOOKS = define(
    Listing(
        "patients.looks", noop("Who looked at this record"), "patients.register", order=("-id",), of_patients=True,
        columns=(
            Column("at", noop("When"), lambda row: moment(row.at), sort=("id",)),
            Column("who", noop("Who"), lambda row: called(row.actor_name)),
            Column("what", noop("What"), lambda row: name_of(row.action)),
            Column("reason", noop("Reason"), lambda row: row.reason, wide=True),
        ),
        empty=noop("Nobody looked at it yet."),
    )
)  # fmt: skip

REVIEWS = define(
    Listing(
        "patients.reviews", noop("Access review"), "privacy.review", view="patients:access-reviews", order=("-month",),
        columns=(
            Column("month", noop("Month"), lambda row: f"{row.month:%Y-%m}", sort=("month",)),
            Column("looks", noop("Looks"), lambda row: row.figures.get("looks", 0), number=True),
            Column("people", noop("Accounts"), lambda row: row.figures.get("people", 0), number=True, wide=True),
            Column("records", noop("Records"), lambda row: row.figures.get("records", 0), number=True, wide=True),
            Column("unusual", noop("Unusual"), lambda row: row.figures.get("unusual", 0), number=True),
            Column("state", noop("State"), lambda row: f"{called(row.signed_by)} {moment(row.signed_at)}" if row.signed_at else _("To sign")),
        ),
        empty=noop("No month was looked through yet."), hint=noop("It is done by itself on the first of each month."),
    )
)  # fmt: skip


def class_name(key: str) -> str:
    """A class of documents, or all of a person, in the reader's language."""
    if key == "person":
        return _("All of a person")
    return (CLASSES[key].ko if language() == "ko" else CLASSES[key].en) if key in CLASSES else "–"


def _classes() -> list[tuple[str, str]]:
    return [(key, class_name(key)) for key in CLASSES]


DOCUMENTS = define(
    Listing(
        "patients.documents", noop("Documents"), "patients.see", order=("-written_on", "-id"), of_patients=True,
        columns=(
            Column("day", noop("Written on"), lambda row: str(row.written_on), sort=("written_on", "id")),
            Column("title", noop("Title"), lambda row: row.title),
            Column("class", noop("Class of record"), lambda row: class_name(row.kind)),
            Column("until", noop("Kept until"), lambda row: str(row.keep_until or ""), wide=True),
            Column("state", noop("State"), lambda row: row.get_state_display()),
        ),
        filters=(Filter("class", noop("Class of record"), lambda rows, kind: rows.filter(kind=kind), kind="choice", options=_classes),),
        empty=noop("No document is filed yet."), hint=noop("File the first one above."),
    )
)  # fmt: skip

SORTING = define(
    Listing(
        "patients.sorting", noop("Documents to sort"), "patients.register", view="patients:sorting", order=("-id",), of_patients=True,
        columns=(
            Column("at", noop("Filed on"), lambda row: moment(row.filed_at), sort=("id",)),
            Column("chart", noop("Chart"), lambda row: row.patient.chart_no, wide=True),
            Column("title", noop("Title"), lambda row: row.title),
            Column("suggested", noop("Perhaps"), lambda row: class_name(row.suggested)),
            Column("confidence", noop("Confidence"), lambda row: row.confidence, number=True),
            Column("act", noop("Action"), unseen=True),
        ),
        empty=noop("No document waits for a person."), hint=noop("What the words of a document do not decide comes here."),
    )
)  # fmt: skip

DISPOSALS = define(
    Listing(
        "patients.disposals", noop("Disposal"), "privacy.dispose", view="patients:disposals", order=("-id",),
        columns=(
            Column("asked", noop("Asked for on"), lambda row: moment(row.asked_at), sort=("id",)),
            Column("by", noop("Asked by"), lambda row: row.asked_by.name),
            Column("records", noop("Records"), lambda row: row.records, number=True),
            Column("decided", noop("Decided by"), lambda row: row.decided_by.name if row.decided_by else "", wide=True),
            Column("state", noop("State"), lambda row: row.get_state_display()),
        ),
        empty=noop("Nothing was disposed of yet."), hint=noop("Choose from what is due above."),
    )
)  # fmt: skip
