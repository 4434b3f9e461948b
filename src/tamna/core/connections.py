"""Where the live outside systems are and how Tamna signs in there, as IT set it on screen; secrets are sealed.

The environment's address goes before what is kept here. In real use a system without an address is not connected: it
is never looked for at a simulator's port. Raises core.bad_address.
"""

import time
from urllib.parse import urlsplit

from django.db import DatabaseError, transaction

from tamna.connect import systems
from tamna.connect.systems import Address
from tamna.core import audit, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Hospital, OutsideSystem

READ_EVERY_S = 5
NOWHERE = Address("")
_read: tuple[float, dict[str, Address], bool] | None = None


def address_of(key: str) -> Address | None:
    """The kept address; `NOWHERE` in real use where none is kept; None in the synthetic hospital (the simulator's)."""
    kept, is_synthetic = _known()
    return kept.get(key) or (None if is_synthetic else NOWHERE)


def _known() -> tuple[dict[str, Address], bool]:
    """Read at most every few seconds, so that a change reaches every process without a restart."""
    global _read
    if _read is None or time.monotonic() - _read[0] > READ_EVERY_S:
        try:
            rows = OutsideSystem.objects.exclude(url="")
            kept = {row.key: Address(row.url, row.user_name, row.secret) for row in rows}
            is_synthetic = not Hospital.objects.filter(is_synthetic=False).exists()
        except DatabaseError:  # before the first migration there is no hospital either
            kept, is_synthetic = {}, True
        _read = (time.monotonic(), kept, is_synthetic)
    return _read[1], _read[2]


def forget() -> None:
    """Read again at the next question (after a change, and between tests)."""
    global _read
    _read = None


@transaction.atomic
def set_address(*, key: str, url: str, user_name: str, secret: str, by: Actor) -> OutsideSystem:
    """Keep an address. An empty secret leaves the kept one; an empty address forgets all of it."""
    url = url.strip().rstrip("/")
    parts = urlsplit(url)
    schemes = ("http", "https", "mllp") if key == systems.HIS.key else ("http", "https")
    if url and (parts.scheme not in schemes or not parts.hostname or parts.username or len(url) > 300):
        raise DomainError("core.bad_address", why=f"{' / '.join(f'{name}://' for name in schemes)}host:port")
    row, _ = OutsideSystem.objects.select_for_update().get_or_create(key=key, defaults={"changed_by": by.name})
    row.url, row.user_name, row.changed_by = url, user_name.strip()[:100] if url else "", by.name
    row.secret = (secret.strip() or row.secret) if url else ""
    row.save()
    audit.note("connection.set", by=by, subject_type="system", subject_id=key, detail={"connected": bool(url)})
    outbox.record("connection.set", {"system": key}, by=by)
    forget()
    return row
