"""Lists of patients: everyone, and one person's visits."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core.deeds import name_of
from tamna.core.format import language, moment
from tamna.core.lists import Column, Filter, Listing, define
from tamna.core.people import called
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
            Column("department", noop("Department"), lambda row: row.department.name_ko if language() == "ko" else row.department.name_en),
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
            Column("by", noop("By"), lambda row: called(row.merged_by), wide=True),
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
