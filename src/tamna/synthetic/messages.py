"""Samples of the synthetic hospital as other systems would send it: HL7 v2.5 messages of the last working day, FHIR R4 bundles.

One file of messages (ADT^A04, ORM^O01, DFT^P03 for each visit) and one bundle a patient for the first twenty of that day.
Every message is marked as training data (MSH-11 T) and every resource as test data (HTEST). Times are of Asia/Seoul.
"""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from tamna.simulators.hospital.seasons import is_shut
from tamna.synthetic.years import Plan

PATIENTS = 20
TEST_TAG = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
CLASS = {"outpatient": ("AMB", "O"), "emergency": ("EMER", "E"), "inpatient": ("IMP", "I")}
KCD = "urn:oid:1.2.410.100110.40.2.2.1"  # sim: the KCD system name used inside Tamna's samples


def write(plan: Plan, out: Path) -> None:
    """Write hl7/<day>.hl7 and fhir/*.json of the last month. Raises OSError."""
    folder = out / "months" / str(plan.last)
    on = max(day for day in plan.last.days if day.weekday() < 5 and not is_shut(day))
    visits = _visits(folder, out, on)
    charges = _grouped(folder / "charges.parquet", visits, ("code", "name", "quantity"))
    diagnoses = _diagnoses(folder, visits)
    text = "".join(
        _messages(visit, charges[visit["encounter_id"]], diagnoses.get(visit["encounter_id"], [])) for visit in visits
    )
    _put(out / "hl7" / f"{on.isoformat()}.hl7", text)
    for visit in visits[:PATIENTS]:
        bundle = _bundle(visit, charges[visit["encounter_id"]], diagnoses.get(visit["encounter_id"], []))
        _put(out / "fhir" / f"{visit['encounter_id']}.json", json.dumps(bundle, ensure_ascii=False, indent=1) + "\n")


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(path)


def _visits(folder: Path, out: Path, on: date) -> list[dict[str, Any]]:
    people = pl.concat([pl.read_parquet(out / "patients.parquet"), pl.read_parquet(folder / "visitors.parquet")])
    columns = people.select("patient_ref", "name", "phone", "nationality")
    visits = pl.read_parquet(folder / "encounters.parquet").filter(
        (pl.col("closed_on") == on) & (pl.col("setting") != "inpatient")
    )
    return visits.join(columns, on="patient_ref").sort("encounter_id").to_dicts()


def _grouped(path: Path, visits: list[dict[str, Any]], columns: tuple[str, ...]) -> dict[str, list[tuple[Any, ...]]]:
    wanted = [visit["encounter_id"] for visit in visits]
    rows = pl.read_parquet(path).filter(pl.col("encounter_id").is_in(wanted)).select("encounter_id", *columns)
    found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in wanted}
    for encounter, *values in rows.iter_rows():
        found[encounter].append(tuple(values))
    return found


def _diagnoses(folder: Path, visits: list[dict[str, Any]]) -> dict[str, list[str]]:
    wanted = [visit["encounter_id"] for visit in visits]
    claims = pl.read_parquet(folder / "claim_encounters.parquet").filter(pl.col("encounter_id").is_in(wanted))
    rows = pl.read_parquet(folder / "diagnoses.parquet").join(claims, on="claim_id").sort("encounter_id", "seq")
    found: dict[str, list[str]] = {}
    for encounter, code in rows.select("encounter_id", "code").iter_rows():
        found.setdefault(encounter, []).append(code)
    return found


def _head(kind: str, control: str, at: datetime) -> str:
    return rf"MSH|^~\&|HIS|HIS|TAMNA|TAMNA|{at:%Y%m%d%H%M%S}||{kind}|{control}|T|2.5||||||UNICODE UTF-8" + "\r"


def _who(visit: dict[str, Any]) -> str:
    born, letter = visit["birth_date"], CLASS[visit["setting"]][1]
    person = f"PID|1||{visit['patient_ref']}^^^TAMNA^MR||{visit['name']}||{born:%Y%m%d}|{visit['sex']}\r"
    return person + f"PV1|1|{letter}|{visit['department']}|||||||||||||||{'|' * 1}{visit['encounter_id']}\r"


def _messages(visit: dict[str, Any], charges: list[tuple[Any, ...]], diagnoses: list[str]) -> str:
    short = visit["encounter_id"].replace("-", "")
    text = (
        _head("ADT^A04", f"A{short}", visit["received_at"])
        + f"EVN|A04|{visit['received_at']:%Y%m%d%H%M%S}\r"
        + _who(visit)
    )
    at = visit["started_at"]
    text += _head("ORM^O01", f"O{short}", at) + _who(visit)
    for number, (code, _, quantity) in enumerate(charges, start=1):
        text += f"ORC|NW|{short}-{number}|||||||{at:%Y%m%d%H%M%S}\rOBR|{number}|{short}-{number}||{code}^{code}{'|' * 23}{quantity}\r"
    text += (
        _head("DFT^P03", f"F{short}", visit["finished_at"])
        + f"EVN|P03|{visit['finished_at']:%Y%m%d%H%M%S}\r"
        + _who(visit)
    )
    for number, code in enumerate(diagnoses, start=1):
        text += f"DG1|{number}||{code}|||F\r"
    return text


def _moment(at: datetime) -> str:
    return f"{at.isoformat(timespec='seconds')}+09:00"


def _bundle(visit: dict[str, Any], charges: list[tuple[Any, ...]], diagnoses: list[str]) -> dict[str, Any]:
    """A collection of one visit: Patient, Encounter, Conditions, ChargeItems."""
    name, patient = visit["encounter_id"], {"reference": f"Patient/{visit['patient_ref']}"}
    encounter = {"reference": f"Encounter/{name}"}
    resources: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": visit["patient_ref"], "identifier": [{"system": "urn:tamna:chart", "value": visit["patient_ref"]}],
         "name": [{"text": visit["name"]}], "gender": "female" if visit["sex"] == "F" else "male", "birthDate": visit["birth_date"].isoformat()},
        {"resourceType": "Encounter", "id": name, "status": "finished",
         "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": CLASS[visit["setting"]][0]},
         "subject": patient, "period": {"start": _moment(visit["received_at"]), "end": _moment(visit["finished_at"])}},
    ]  # fmt: skip
    for number, code in enumerate(diagnoses, start=1):
        resources.append({"resourceType": "Condition", "id": f"{name}-D{number}", "subject": patient, "encounter": encounter,
                          "code": {"coding": [{"system": KCD, "code": code}]}})  # fmt: skip
    for number, (code, text, quantity) in enumerate(charges, start=1):
        resources.append({"resourceType": "ChargeItem", "id": f"{name}-C{number}", "status": "billed", "subject": patient, "context": encounter,
                          "code": {"coding": [{"system": "urn:tamna:fee", "code": code}], "text": text}, "quantity": {"value": quantity}})  # fmt: skip
    tagged = [{**resource, "meta": {"tag": [TEST_TAG]}} for resource in resources]
    return {
        "resourceType": "Bundle", "type": "collection", "id": name, "meta": {"tag": [TEST_TAG]},
        "entry": [{"fullUrl": f"urn:tamna:{row['resourceType']}/{row['id']}", "resource": row} for row in tagged],
    }  # fmt: skip
