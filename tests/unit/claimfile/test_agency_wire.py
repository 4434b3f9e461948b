"""The imagined agency on the wire: both dresses in and out, records asked for, what becomes of those that never come."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from tamna.engines.claimcheck.samples import synthetic
from tamna.engines.claimfile import Person, answers, fixed, header_of, ndjson
from tamna.simulators.faults import simulator
from tamna.simulators.hira import Agency

NOON = datetime(2026, 10, 5, 12, 0, tzinfo=ZoneInfo("Asia/Seoul"))


@pytest.fixture
def wire():
    agency = Agency(None, 7, None)
    routes = [
        ("/batches", agency.receive, "POST"),
        ("/answers", agency.answers, "GET"),
        ("/records", agency.records, "POST"),
    ]
    return TestClient(simulator("hira", agency.faults, routes))


def at(when: datetime, **more: str) -> dict[str, str]:
    return {"X-Business-Time": when.isoformat(), **more}


def stays(count: int = 60):
    """Inpatient statements without a fault, of one batch."""
    found = [row for row in synthetic(2_000, 3, fault_share=0) if row["claim"]["setting"] == "inpatient"][:count]
    statements = [
        {part: row[part] for part in ("claim", "diagnoses", "lines", "prescriptions", "notes")} for row in found
    ]
    statements = json.loads(json.dumps(statements, default=str))
    for number, row in enumerate(statements, start=1):
        row["claim"] |= {"serial_no": f"{number:05d}", "institution_id": "39100103"}
    header = header_of("202609I001", statements, institution_id="39100103", setting="inpatient", claim_on=NOON.date())
    return header, statements, [Person("모의환자", "5504122123457", "모의환자")] * len(statements)


def documents(wire, when: datetime) -> list[dict]:
    found: list[dict] = []
    while True:
        after = found[-1]["id"] if found else 0
        rows = wire.get("/answers", params={"after": after}, headers=at(when)).json()["documents"]
        if not rows:
            return found
        found += rows


def test_a_file_is_taken_once_in_either_dress_and_other_bytes_under_its_number_never(wire):
    header, statements, persons = stays(3)
    content = ndjson.write(header, statements)
    first = wire.post("/batches", content=content, headers=at(NOON, **{"content-type": "application/x-ndjson"}))
    again = wire.post(
        "/batches", content=content, headers=at(NOON + timedelta(days=1), **{"content-type": "application/x-ndjson"})
    )
    assert first.status_code == 200 and first.json() == again.json()
    text = fixed.write(header, statements, persons).content
    other = wire.post("/batches", content=text, headers=at(NOON, **{"content-type": "text/plain; charset=cp949"}))
    assert (other.status_code, other.json()["code"]) == (409, "batch_reused")
    fresh = fixed.write(header | {"batch_no": "202609I002"}, statements, persons).content
    taken = wire.post("/batches", content=fresh, headers=at(NOON, **{"content-type": "text/plain; charset=cp949"}))
    assert taken.json()["batch_no"] == "202609I002"
    for bad in (content[:-9], content.replace(b'"batch_no"', b'"colour"', 1), b""):
        refused = wire.post("/batches", content=bad, headers=at(NOON, **{"content-type": "application/x-ndjson"}))
        assert refused.status_code == 422 and refused.json()["code"] in ("not_json", "changed", "cut")


def test_records_that_never_come_are_cut_and_those_that_come_are_not(wire):
    header, statements, _persons = stays()
    receipt = wire.post("/batches", content=ndjson.write(header, statements), headers=at(NOON)).json()
    early = documents(wire, NOON + timedelta(days=2))
    asked = [row for document in early if document["kind"] == "request_records" for row in document["statements"]]
    assert len(asked) >= 2 and all(
        row["status"] == "held" and row["what"] and row["due_on"] > "2026-10-14" for row in asked
    )
    sent, unsent = asked[0]["serial_no"], asked[1]["serial_no"]
    body = {
        "receipt_no": receipt["receipt_no"],
        "serial_no": sent,
        "reason": asked[0]["reason"],
        "note": "의무기록 12쪽",
    }
    for _ in range(2):
        assert wire.post("/records", json=body, headers=at(NOON + timedelta(days=3))).status_code == 200
    assert wire.post("/records", json=body | {"serial_no": "99999"}, headers=at(NOON)).status_code == 404
    late = documents(wire, NOON + timedelta(days=40))
    results = {
        row["serial_no"]: row for document in late if document["kind"] == "result" for row in document["statements"]
    }
    assert results[unsent]["reason"] == "A33" and results[unsent]["decided"] < results[unsent]["requested"]
    assert results[sent]["reason"] != "A33"
    paid = {
        row["serial_no"]: row["decided"]
        for document in late
        if document["kind"] == "payment"
        for row in document["statements"]
    }
    assert all(paid[serial] == row["decided"] for serial, row in results.items() if row["decided"] > 0)
    assert documents(wire, NOON + timedelta(days=50)) == late  # said once, the same for ever
    text = wire.get("/answers", params={"after": 0}, headers=at(NOON + timedelta(days=40), accept="text/plain"))
    assert [row["id"] for row in answers.read(text.content)] == [row["id"] for row in late[:20]]
