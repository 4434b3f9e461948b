"""Entries of a bundle on their way in (들여오는 항목), and whose they are."""

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tamna.connect.fhir import content
from tamna.patients.models import Patient


@dataclass
class Item:
    """One entry on its way: its identity, its content, and what became of it."""

    row: int
    entry: dict[str, Any]
    resource: dict[str, Any]
    kind: str
    id: str
    full_url: str
    digest: str
    subject: str
    reason: str = ""  # why it is kept aside
    visit: UUID | None = None
    is_mapped: bool = False
    is_counted: bool = False


@dataclass
class Folder:
    """The records of one person in a bundle."""

    source: str
    patient: Patient | None = None  # known here already
    head: Item | None = None  # the Patient of the bundle
    items: list[Item] = field(default_factory=list)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def source_of(reference: str) -> str:
    """The name of a person's folder: a UUID is the same person wherever it stands, any other id only on its server."""
    base, _, key = reference.removeprefix("urn:uuid:").rpartition("/")
    server = base.removesuffix("/Patient") if base.startswith("http") else ""
    return digest_of(f"patient:{key if content.as_uuid(key.lower()) else server + '|' + key}")
