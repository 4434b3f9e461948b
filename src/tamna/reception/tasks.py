"""Jobs of reception: tell the HIS who has arrived (sent once per visit), ask again for eligibility that could not be had."""

from tamna.core.tasks import BACKOFF, app


@app.task(queue="his", retry=BACKOFF)
def send_arrival(encounter_id: int) -> None:
    from tamna.connect import his, systems
    from tamna.connect.errors import Unreachable
    from tamna.connect.his import mllp
    from tamna.core import clock
    from tamna.core.models import InterfaceMessage
    from tamna.reception.models import Encounter

    address = systems.his_mllp()
    if address is None:  # real use without a HIS: nobody to tell
        return
    visit = Encounter.objects.select_related("patient", "department", "practitioner").get(pk=encounter_id)
    control_id = f"A04-{visit.public_id.hex[:24]}"
    if InterfaceMessage.objects.filter(system="his", direction="out", control_id=control_id, status="sent").exists():
        return
    message = his.arrival(
        control_id, clock.now(), chart_no=visit.patient.chart_no, visit=str(visit.public_id),
        department=visit.department.code, license_no=visit.practitioner.license_no if visit.practitioner else "",
        sex=visit.patient.sex, birth=f"{visit.patient.birth_on:%Y%m%d}",
    )  # fmt: skip
    answer = his.acknowledgement_code(mllp.send(*address, message))
    if answer != "AA":
        raise Unreachable("his")
    InterfaceMessage.objects.update_or_create(
        system="his", direction="out", control_id=control_id,
        defaults={"kind": "ADT^A04", "status": "sent", "at": clock.now(), "encounter_ref": visit.public_id},
    )  # fmt: skip


@app.periodic(cron="* * * * *")
@app.task(queue="nhis", queueing_lock="recheck_coverage", lock="recheck_coverage")
def recheck_coverage(timestamp: int) -> int:
    """Ask again for people received while the insurer was away (자격 재조회); nothing is asked while it still is."""
    from tamna.connect import systems
    from tamna.core.actor import Actor
    from tamna.patients.services import check_coverage
    from tamna.reception import selectors, services

    if not systems.probe(systems.NHIS).reachable:
        return 0
    by, found = Actor.system("nhis"), 0
    for visit in selectors.unchecked_visits(limit=20):
        coverage = check_coverage(patient=visit.patient, on=visit.business_on, by=by)
        found += bool(coverage and services.attach_coverage(encounter_id=visit.pk, coverage=coverage))
    return found


@app.task(queue="nhis", retry=BACKOFF)
def ask_before_visit(on: str, older_than_days: int) -> int:
    """Ask for the eligibility of people booked on a day whose last answer is old (내원 전 자격 조회)."""
    from datetime import date

    from tamna.core.actor import Actor
    from tamna.patients.services import check_coverage
    from tamna.reception import selectors

    day, asked = date.fromisoformat(on), 0
    for patient in selectors.stale_bookers(day, older_than_days):
        coverage = check_coverage(patient=patient, on=day, by=Actor.automation("pat.eligibility"))
        asked += bool(coverage and coverage.checked_on >= day)
    return asked


@app.periodic(cron="20 0,12 * * *")
@app.task(queue="core", queueing_lock="open_ahead", lock="open_ahead")
def open_ahead(timestamp: int) -> int:
    """Keep doctors' hours open to booking the hospital's number of weeks ahead (예약시간 이어 열기)."""
    from tamna.reception import hours

    return hours.open_ahead()


@app.periodic(cron="* * * * *")
@app.task(queue="core", queueing_lock="lapse_offers", lock="lapse_offers")
def lapse_offers(timestamp: int) -> int:
    """Close offers whose deadline passed and ask the next of the list (예약 대기)."""
    from tamna.reception import waiting_list

    return waiting_list.lapse()


@app.task(queue="core", lock="study_season", retry=BACKOFF)
def study_season(pk: int) -> int:
    """Play the scenarios of a study of high and low season (성수기·비수기 모의)."""
    from tamna.reception import seasons

    return seasons.run(pk)


@app.task(queue="core", lock="fit_extras", retry=BACKOFF)
def fit_extras() -> int:
    """Bring the extra times of every session of the coming days in line (초과예약)."""
    from tamna.reception import overbooking

    return overbooking.fit_coming()


@app.task(queue="core", lock="learn_nightly", retry=BACKOFF)
def learn_nightly() -> dict[str, bool]:
    """Learn waits, missed bookings and arrivals from the days that are over (야간 학습)."""
    from tamna.reception import learning

    return learning.learn()


@app.task(queue="messages", retry=BACKOFF)
def send_communication(pk: int) -> str:
    """Send one notice to a patient, once (환자 안내)."""
    from tamna.reception import communications

    return communications.send(pk)


@app.periodic(cron="* * * * *")
@app.task(queue="messages", queueing_lock="send_due", lock="send_due")
def send_due(timestamp: int) -> int:
    """Begin the notices that waited for their hour, and ask what became of those on their way."""
    from tamna.reception import communications

    return communications.begin_due() + communications.collect()
