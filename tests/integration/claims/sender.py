"""One worker that batches, sends and reads answers in its own process, and is killed at a named point.

Run: python -m tests.integration.claims.sender DATABASE POINT. The clock stands where the test's stands.
"""

import contextlib
import os
import signal
import sys
from datetime import datetime

import django
from django.conf import settings

database, point = sys.argv[1:3]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
settings.DATABASES["default"]["NAME"] = database
django.setup()

from tamna.claims import services  # noqa: E402
from tamna.claims.submission import sending  # noqa: E402
from tamna.connect import hira  # noqa: E402
from tamna.core import clock, outbox  # noqa: E402
from tamna.core.actor import Actor  # noqa: E402

CLERK = Actor("person", "clerk", role="claims", team="claims")
TUESDAY, LATER = datetime(2026, 11, 24, 10, 30, tzinfo=clock.SEOUL), datetime(2026, 12, 31, 10, 0, tzinfo=clock.SEOUL)


def die(*_args: object, **_kwargs: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


record, submit, answers = outbox.record, hira.submit, hira.answers


def recording(name: str, *args: object, **kwargs: object) -> object:
    made = record(name, *args, **kwargs)
    if point == f"before the commit of {name}":
        die()
    return made


def submitting(*args: object, **kwargs: object) -> object:
    if point == "before sending":
        die()
    made = submit(*args, **kwargs)
    if point == "after sending":
        die()
    return made


def answering(*args: object, **kwargs: object) -> object:
    made = answers(*args, **kwargs)
    if point == "after the answers were read":
        die()
    return made


outbox.record, hira.submit, hira.answers = recording, submitting, answering
with clock.frozen(TUESDAY):
    made = services.make_batches(by=CLERK)
    if point == "after the batch was made":
        die()
    for batch in made:
        sending.submit(batch_id=batch.pk, by=CLERK)
if point == "after the receipt was kept":
    die()
with clock.frozen(LATER), contextlib.suppress(ConnectionError):
    services.collect_answers(by=CLERK)
