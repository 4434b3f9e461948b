"""The key of the blind index is changed while people are searched, registered and changed: everybody is found at every moment."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tamna.core import crypto, reindexing
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import DataKey, KeyRotation
from tamna.patients import selectors, services
from tamna.patients.models import Identity, Patient

pytestmark = pytest.mark.django_db
IT = Actor.system("test")
NUMBERS = ("8005172000009", "9001011000006")


def later():
    KeyRotation.objects.filter(finished_at=None).update(started_at=timezone.now() - timedelta(hours=1))
    KeyRotation.objects.filter(finished_at=None).exclude(writes_since=None).update(
        writes_since=timezone.now() - timedelta(hours=1)
    )


def test_everybody_is_found_at_every_step_and_nobody_registered_twice(hospital, morning, monkeypatch):
    monkeypatch.setattr(reindexing, "BATCH", 2)
    people = [
        services.register_patient(name=f"홍길동{n}", birth_on=date(1980, 5, 17), sex="F", phone=f"0101234567{n}", by=IT)
        for n in range(4)
    ]
    people.append(services.register_patient(name="이영희", identity=("rrn", NUMBERS[0]), by=IT))
    old = bytes(Identity.objects.get().blind_index)

    def all_found():
        crypto.forget_keys()
        return (
            [row.pk for row in selectors.find("ㅎㄱㄷ")] == [row.pk for row in reversed(people[:4])]
            and [row.pk for row in selectors.find("01012345672")] == [people[2].pk]
            and selectors.holder("rrn", NUMBERS[0]) == people[4]
        )

    rotation = reindexing.start(by=IT)
    with pytest.raises(DomainError, match="rotation_runs"):
        reindexing.start(by=IT)
    assert all_found() and reindexing.go_on().writes_since is None  # announced: others learn it first
    later()
    assert reindexing.go_on().writes_since and all_found()
    with pytest.raises(DomainError, match="identity_taken"):  # under the old key, asked by the new one
        services.register_patient(name="이영희", identity=("rrn", NUMBERS[0]), by=IT)
    newcomer = services.register_patient(name="박새로", identity=("rrn", NUMBERS[1]), by=IT)
    services.update_contact(patient_id=people[0].pk, phone="01099990000", address="", by=IT)
    later()
    reindexing.go_on(seconds=0)
    while (now := reindexing.go_on(seconds=0.0001)) is not None and not now.finished_at:
        assert all_found()
    rotation.refresh_from_db()
    assert rotation.finished_at and all_found() and selectors.holder("rrn", NUMBERS[1]) == newcomer
    assert bytes(Identity.objects.get(patient=people[4]).blind_index) != old
    assert [row.pk for row in selectors.find("99990000")] == [people[0].pk]
    assert DataKey.objects.filter(purpose="index", destroyed_at=None).count() == 1
    for row in Patient.objects.all():
        assert row.search_tokens == services.tokens_of(row)


def test_whoever_searches_asks_by_every_living_key():
    """What writes uses one key; whoever searches by one form alone would find nobody while the key is changed."""
    source = Path(crypto.__file__).parents[1]
    writers = {"core/crypto.py", "patients/services.py", "patients/indexing.py", "synthetic/load.py"}
    found = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if re.search(r"blind_(token|index)\(", path.read_text("utf-8"))
    }
    assert found == writers
