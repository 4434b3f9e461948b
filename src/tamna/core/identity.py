"""Public ids (UUIDv7): what the outside sees; bigint keys stay inside."""

from uuid import UUID

import uuid_utils


def new_public_id() -> UUID:
    return UUID(bytes=uuid_utils.uuid7().bytes)
