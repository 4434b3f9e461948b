"""FHIR R4 in and out on a real database: what came goes out as it came, what is ours comes home as it was."""

import gzip
import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.core import serializers
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection

from tamna.connect.fhir import canonical, parse
from tamna.core import clock, crypto, outbox
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, Department, Hospital, Practitioner, Room
from tamna.insight import services as insight
from tamna.patients import selectors, services
from tamna.patients.models import Coverage, ImportedResource, ImportRun, Patient
from tamna.reception import services as reception
from tamna.reception.fhir import giving
from tamna.reception.models import Condition, Encounter, ServiceRequest, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
DATA = Path(__file__).parents[2] / "data" / "fhir"
SYNTHEA = Path(__file__).parents[4] / "shared" / "data" / "synthea-fhir-r4"
MARIGOLD = "00000000-0000-4000-8000-000000000001"
NUMBER = "5504122123450"  # a possible number of nobody


def originals(path: Path) -> list[tuple[str, str]]:
    """(full url, the resource as one text) of every entry, in order."""
    raw = path.read_bytes()
    entries = parse(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)["entry"]
    return [(entry["fullUrl"], canonical(entry["resource"])) for entry in entries]


def ours(patient: Patient) -> dict[str, list[dict]]:
    """What Tamna knows of a person, without what each database numbers for itself and without who asked when."""
    visits = Encounter.objects.filter(patient=patient)
    person = ("public_id", "birth_on", "sex", "nationality", "language", "prefers_jejueo", "is_restricted", "is_synthetic",
              "deceased_on")  # fmt: skip
    visit = ("public_id", "setting", "status", "payer", "special_case", "is_first_visit", "ktas", "arrived_at", "started_at",
             "finished_at", "business_on", "department__code", "practitioner__license_no", "is_synthetic")  # fmt: skip
    cover = (
        "payer",
        "insurer_kind",
        "special_case",
        "special_from",
        "special_to",
        "aid_type",
        "benefit_stopped",
        "checked_on",
    )
    order = ("public_id", "placer_number", "code", "name", "quantity", "days", "ordered_at", "status")
    return {
        "person": [{**Patient.objects.filter(pk=patient.pk).values(*person)[0], "name": patient.name, "phone": patient.phone,
                    "address": patient.address}],
        "numbers": [{"kind": row.kind, "number": row.number, "tail": row.tail} for row in patient.identities.all()],
        "cover": [{**row, "card_no": card.card_no} for row, card in zip(
            patient.coverages.order_by("pk").values(*cover), patient.coverages.order_by("pk"), strict=True)],
        "visits": list(visits.order_by("arrived_at", "public_id").values(*visit)),
        "diagnoses": list(Condition.objects.filter(encounter__in=visits).order_by("encounter__arrived_at", "encounter__public_id", "seq")
                          .values("encounter__public_id", "seq", "kind", "code", "system", "onset_on")),
        "orders": list(ServiceRequest.objects.filter(encounter__in=visits).order_by("placer_number").values(*order)),
    }  # fmt: skip


@pytest.fixture
def native(hospital, morning, clerk) -> Patient:
    """A patient of our own desk: number, coverage with a special case, two visits, ruled-out diagnosis, orders."""
    made = services.register_patient(
        name="모의환자", identity=("rrn", NUMBER), phone="01000000002", address="제주특별자치도 서귀포시 가상로 2",
        is_synthetic=True, by=clerk,
    )  # fmt: skip
    Coverage.objects.create(patient=made, payer="nhi", card_no="71234567890", special_case="V193", special_from=date(2026, 1, 1),
                            special_to=date(2030, 12, 31), checked_on=clock.today(), checked_at=clock.now())  # fmt: skip
    for code, diagnoses in (("01", [("principal", "I10.9"), ("rule_out", "E11.9")]), ("05", [("principal", "S52.5")])):
        department = Department.objects.get(code=code)
        ticket = reception.receive(patient_id=made.pk, department_id=department.pk, by=clerk)
        reception.call_next(department_id=department.pk, by=clerk)
        reception.move(ticket_id=ticket.pk, step="enter", by=clerk)
        orders = [
            reception.Ordered(f"P{ticket.pk}", "ZL001", "검사", Decimal("1.5")),
            reception.Ordered(f"Q{ticket.pk}", "G2101", "촬영"),
        ]
        reception.place_orders(encounter=ticket.encounter, orders=orders, by=clerk)
        reception.finish(encounter_id=ticket.encounter_id, diagnoses=diagnoses, by=clerk)
    outbox.deliver_all()
    return made


def emptied() -> None:
    """Another database of the same house: everything is gone but the hospital, its departments, rooms and doctors."""
    kept = serializers.serialize(
        "json", [row for model in (Hospital, Department, Room, Practitioner) for row in model.objects.all()]
    )
    call_command("flush", verbosity=0, interactive=False)
    crypto.forget_keys()
    for row in serializers.deserialize("json", kept):
        row.save()
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), [Hospital, Department, Room, Practitioner]):
            cursor.execute(sql)


def test_our_own_patient_read_back_here_changes_nothing(native, give, bring, counts):
    given = give(native.chart_no)
    before = counts()
    said = bring(given)
    assert (said.code, said.errors) == (0, [])
    assert said.report["resources"]["unchanged"] == said.report["resources"]["read"] > 8
    assert counts() == before


def test_our_own_patient_is_the_same_in_another_database(native, give, bring, counts):
    before, plain = ours(native), give(str(native.public_id))
    given = give(native.chart_no, "--numbers", "전원")
    emptied()
    said = bring(given)
    assert (said.code, said.errors) == (0, []), said.errors
    assert {name: said.report["records_made"][name] for name in ("patients", "coverages", "visits", "diagnoses", "orders")} == {
        "patients": 1, "coverages": 1, "visits": 2, "diagnoses": 3, "orders": 4
    }  # fmt: skip
    patient = Patient.objects.get()
    assert ours(patient) == before
    assert originals(give(patient.chart_no)) == originals(plain)
    assert originals(give(patient.chart_no, "--numbers", "전원")) == originals(given)
    rows = counts()
    assert bring(give(patient.chart_no)).code == bring(plain).code == bring(given).code == 0
    assert rows | {"AuditEntry": 0} == counts() | {"AuditEntry": 0}


def test_numbers_leave_with_a_reason_only(native, give):
    assert NUMBER not in give(native.chart_no).read_text(encoding="utf-8")
    assert NUMBER in give(native.chart_no, "--numbers", "전원").read_text(encoding="utf-8")
    notes = AuditEntry.objects.filter(action="patient.exported").order_by("pk")
    assert [(note.reason, note.detail["numbers"]) for note in notes] == [("", False), ("전원", True)]
    assert NUMBER not in "".join(ImportedResource.objects.values_list("content", flat=True))


def test_our_own_patient_in_another_hospital_came_from_elsewhere(native, give, bring):
    given = give(native.chart_no)
    emptied()
    Hospital.objects.update(institution_id="99999999")
    assert bring(given).code == 0
    visits = Encounter.objects.select_related("department")
    assert {visit.department.code for visit in visits} == {Department.ELSEWHERE} and visits.count() == 2
    assert not ServiceRequest.objects.exists()  # an order of another house is no order here
    assert originals(give(str(native.public_id))) == originals(given)


def test_a_person_from_elsewhere_goes_out_as_she_came(bring, give, counts, tmp_path):
    said = bring(DATA / "marigold.json")
    assert (said.code, said.errors) == (0, [])
    assert said.report["resources"] == {"read": 18, "mapped": 5, "kept_aside": 13, "unchanged": 0, "refused": 0}
    assert said.report["by_type"]["Encounter"]["reasons"]["not_finished"]["count"] == 1
    patient = Patient.objects.get()
    assert (patient.name, patient.birth_on, patient.is_imported, patient.is_synthetic) == (
        "Marigold Testaway", date(1984, 2, 29), True, True
    )  # fmt: skip
    given = give(MARIGOLD)
    assert originals(given) == originals(DATA / "marigold.json")
    text = given.read_text(encoding="utf-8")
    assert '"value":72.50' in text and '"value":1.40e1' in text and '"valueDecimal":21.90' in text
    rows = counts()
    for path in (DATA / "marigold.json", given, give(patient.chart_no)):
        again = bring(path)
        assert (again.code, again.report["resources"]["unchanged"], again.report["bundles"]["unchanged"]) == (0, 18, 1)
    assert rows | {"AuditEntry": 0} == counts() | {"AuditEntry": 0}  # the exports are in the audit log, nothing else


def test_nothing_from_elsewhere_waits_is_charged_or_claimed(bring):
    bring(DATA / "marigold.json")
    outbox.deliver_all()
    assert not Ticket.objects.exists()
    for name in ("billing.ChargeItem", "billing.Invoice", "claims.Claim", "ledger.JournalEntry"):
        assert not apps.get_model(name).objects.exists(), name
    assert {visit.department.is_open for visit in Encounter.objects.select_related("department")} == {False}
    days = [*Encounter.objects.values_list("business_on", flat=True), clock.today()]
    assert not any(insight.stored(day, day) or insight.from_facts(day, day) for day in days)


def test_nothing_of_a_person_is_readable_in_the_tables(bring):
    bring(DATA / "marigold.json")
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, '') FROM patients_importedresource r")
        kept = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(r::text, '') FROM patients_patient r")
        kept += cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(r::text, '') FROM patients_importrun r")
        kept += cursor.fetchone()[0]
    assert not [word for word in ("Marigold", "Testaway", "Nowhere", "555-010", "999-00", "bronchitis") if word in kept]


def test_lines_of_ndjson_find_their_people_in_another_file(bring, give, tmp_path):
    folder = tmp_path / "lines"
    folder.mkdir()
    for path in DATA.glob("*.ndjson"):
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    said = bring(folder)
    assert (said.code, said.errors) == (0, [])
    patient = Patient.objects.get()
    assert (patient.name, patient.sex) == ("홍가람", "M")
    assert said.report["by_type"]["Patient"]["reasons"]["person_incomplete"]["count"] == 1  # a year is no birth date
    visit = Encounter.objects.get()
    assert (visit.setting, visit.conditions.get().code, visit.conditions.get().system) == ("emergency", "S52.5", "")
    resources = [
        json.loads(line) for path in DATA.glob("*.ndjson") for line in path.read_text(encoding="utf-8").splitlines()
    ]
    of_him = {row["id"] for row in resources if "gildong" in json.dumps(row)}
    given = json.loads(give("gildong").read_text(encoding="utf-8"))["entry"]
    assert {entry["resource"]["id"] for entry in given} == of_him
    assert all(entry["resource"] in resources for entry in given)


def test_another_content_under_a_known_id_is_refused_and_the_first_stays(bring, counts, tmp_path):
    bring(DATA / "marigold.json")
    rows = counts(without_runs=True)
    other = tmp_path / "other.json"
    other.write_text((DATA / "marigold.json").read_text(encoding="utf-8").replace("72.50", "72.5"), encoding="utf-8")
    said = bring(other)
    assert (said.code, said.keys) == (3, ["fhir.changed"])
    other.write_text(
        (DATA / "marigold.json").read_text(encoding="utf-8").replace("1984-02-29", "1984-02-28"), encoding="utf-8"
    )
    said = bring(other)
    assert (said.code, said.keys) == (2, ["fhir.person_differs"])
    assert counts(without_runs=True) == rows


def test_a_corrected_contact_goes_out_corrected(bring, give, clerk):
    bring(DATA / "marigold.json")
    patient = Patient.objects.get()
    services.update_contact(patient_id=patient.pk, phone="01000000003", address=patient.address, by=clerk)
    head = json.loads(give(MARIGOLD).read_text(encoding="utf-8"))["entry"][0]["resource"]
    assert [item["value"] for item in head["telecom"]] == ["01000000003"]


def test_the_patient_is_found_and_the_originals_are_listed(bring):
    bring(DATA / "marigold.json")
    patient = Patient.objects.get()
    assert giving.find(patient.chart_no) == giving.find(MARIGOLD) == giving.find(f"Patient/{MARIGOLD}") == patient
    with pytest.raises(DomainError, match=r"fhir\.no_patient"):
        giving.find("99999999")
    assert dict(selectors.elsewhere_counts(patient))["Observation"] == 2
    assert ImportRun.objects.get().finished_at


@pytest.mark.skipif(not SYNTHEA.is_dir(), reason="the Synthea sample is not here")
def test_synthea_goes_out_as_it_came(bring, give, counts, tmp_path):
    """The three smallest of the forty."""
    folder = tmp_path / "bundles"
    folder.mkdir()
    for path in sorted(SYNTHEA.glob("*.json.gz"), key=lambda item: item.stat().st_size)[:3]:
        shutil.copy(path, folder)
    said = bring(folder)
    assert (said.code, said.errors) == (0, [])
    assert said.report["bundles"]["new"] == Patient.objects.count() == 3
    rows = counts()
    for path in folder.iterdir():
        came = originals(path)
        given = give(next(json.loads(text)["id"] for _, text in came if '"resourceType":"Patient"' in text))
        assert originals(given) == came
        assert bring(given).report["resources"]["unchanged"] == len(came)
    assert bring(folder).report["bundles"]["unchanged"] == 3
    assert rows | {"AuditEntry": 0} == counts() | {"AuditEntry": 0}
