"""What the entries of a bundle are and whose (분류): checked, named, grouped by person, compared with what is here."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from tamna.connect.fhir import Entry, FhirError, canonical, content, validity
from tamna.core.models import Hospital
from tamna.patients.models import ImportedResource, Patient
from tamna.reception.fhir import giving
from tamna.reception.fhir.items import Folder, Item, digest_of, source_of
from tamna.reception.fhir.report import Refusal, Tally

ASKS_TO_CHANGE = ("DELETE", "PATCH")


def _is_known(source: str) -> bool:
    return ImportedResource.objects.filter(source=source, resource_type="Patient").exists()


class Sorter:
    """One bundle: what its entries are, whose they are, and which records they become."""

    def __init__(self, tally: Tally, place: int, name: str) -> None:
        self.tally, self.place, self.name = tally, place, name
        self.found: dict[str, Item] = {}  # by full url and by Type/id
        self.folders: list[Folder] = []
        self.hospital = Hospital.objects.first()

    def prepare(self, entries: Iterable[Entry]) -> bool:
        """Read, group and compare with what is here. Returns whether there is anything to write."""
        items = [item for entry in entries if (item := self._item(entry))]
        self.folders = self._grouped(items)
        for folder in self.folders:
            folder.items = self._unseen(folder)
        return any(folder.items for folder in self.folders)

    def _refuse(self, error: FhirError, kind: str = "") -> None:
        one = self.tally.count(kind or "?")
        one.read, one.refused = one.read + 1, one.refused + 1
        self.tally.refuse(Refusal.of(error, self.place, self.name))

    def _item(self, entry: Entry) -> Item | None:
        resource: Any = entry.value.get("resource")
        request = entry.value.get("request")
        kind = resource.get("resourceType") if isinstance(resource, dict) else ""
        kind = kind if isinstance(kind, str) and kind in validity.TYPES else ""
        try:
            if entry.error:
                raise entry.error
            if isinstance(request, dict) and request.get("method") in ASKS_TO_CHANGE:
                raise FhirError("fhir.method", row=entry.row, field="request.method")
            validity.check(resource, entry.row)
            full_url = entry.value.get("fullUrl")
            full_url = full_url if isinstance(full_url, str) and len(full_url) < 500 else ""
            uuid = full_url.removeprefix("urn:uuid:") if full_url.startswith("urn:uuid:") else ""
            if kind == "Patient":
                kept = content.without_identities(resource)
                identities = content.person(resource).identities
            else:
                kept, identities = resource, ()
            digest = digest_of(canonical(kept))
            name = resource.get("id") or (uuid if validity.ID.match(uuid) else "") or f"sha256-{digest[:40]}"
            item = Item(
                entry.row,
                {**entry.value, "resource": kept},
                kept,
                kind,
                name,
                full_url,
                digest,
                content.subject(resource),
            )
            if identities:
                item.entry = {**item.entry, "identities": identities}  # taken off again before anything is kept
            return self._named(item)
        except FhirError as error:
            self._refuse(error, kind)
            return None

    def _named(self, item: Item) -> Item | None:
        """Remember an item under its names; the same one twice is one."""
        own = f"{item.kind}/{item.id}"
        for name in {own, item.full_url} - {""}:
            other = self.found.get(name)
            if other is not None and (other.digest != item.digest or other.kind != item.kind):
                raise FhirError("fhir.same_id_twice", row=item.row, field=f"{item.kind}.id")
            if other is not None:
                one = self.tally.count(item.kind)
                one.read, one.unchanged = one.read + 1, one.unchanged + 1
                return None
        self.found[own] = item
        if item.full_url:
            self.found[item.full_url] = item
        self.found.setdefault(f"urn:uuid:{item.id}", item)
        return item

    def resolve(self, reference: str, kind: str = "") -> Item | None:
        """The item of the bundle that a reference means."""
        found = self.found.get(reference) or self.found.get("/".join(reference.split("/")[-2:]))
        return found if found and (not kind or found.kind == kind) else None

    def _grouped(self, items: list[Item]) -> list[Folder]:
        """A folder a person; what is about nobody goes to everybody who refers to it."""
        folders: dict[str, Folder] = {}
        shared: list[Item] = []
        for item in items:
            if item.kind == "Patient":
                source = source_of(item.full_url if item.full_url.startswith("http") else item.id)
                folders.setdefault(source, Folder(source, head=item)).items.append(item)
        for item in items:
            if item.kind == "Patient":
                continue
            target = self.resolve(item.subject) if item.subject else None
            if (
                not item.subject
                or (target and target.kind != "Patient")
                or item.subject.startswith(("Group/", "Device/", "Location/"))
            ):
                shared.append(item)
                continue
            source = source_of(item.subject)
            if target:
                source = source_of(target.full_url if target.full_url.startswith("http") else target.id)
            folders.setdefault(source, Folder(source)).items.append(item)
        for folder in list(folders.values()):
            self._recognise(folder)
            if folder.head is None and folder.patient is None and not _is_known(folder.source):
                for item in folder.items:
                    self._refuse(
                        FhirError("fhir.reference_missing", row=item.row, field=f"{item.kind}.subject"), item.kind
                    )
                del folders[folder.source]
        self._share(shared, list(folders.values()), folders)
        return list(folders.values())

    def _share(self, shared: list[Item], people: list[Folder], folders: dict[str, Folder]) -> None:
        taken: set[int] = set()
        for folder in people:
            mine = shared if len(people) == 1 else self._referred(folder)
            known = {item.row for item in folder.items}
            folder.items += [item for item in mine if item.row not in known and not item.subject]
            folder.items.sort(key=lambda item: item.row)
            taken |= {item.row for item in mine}
        for item in shared:
            if item.row not in taken or (item.subject and item.row not in {i.row for f in people for i in f.items}):
                source = f"shared:{item.digest}"
                folders.setdefault(source, Folder(source)).items.append(item)

    def _referred(self, folder: Folder) -> list[Item]:
        """What a folder's items refer to, and what that refers to."""
        waiting, seen = deque(folder.items), {item.row for item in folder.items}
        found: list[Item] = []
        while waiting:
            for reference in content.references(waiting.popleft().resource):
                other = self.resolve(reference)
                if other and other.row not in seen and not other.subject and other.kind != "Patient":
                    seen.add(other.row)
                    found.append(other)
                    waiting.append(other)
        return found

    def _recognise(self, folder: Folder) -> None:
        """Whether the person is here: imported before under this id, or one of ours. Raises fhir.person_differs."""
        head = (
            ImportedResource.objects.filter(source=folder.source, resource_type="Patient")
            .select_related("patient")
            .first()
        )
        folder.patient = head.patient if head else None
        if folder.patient is None:
            ids = (
                [folder.head.id]
                if folder.head
                else [item.subject.removeprefix("urn:uuid:").rpartition("/")[2] for item in folder.items[:1]]
            )
            uuid = content.as_uuid(ids[0]) if ids else None
            folder.patient = Patient.objects.filter(public_id=uuid).first() if uuid else None
        if folder.patient and folder.head:
            said, ours = content.person(folder.head.resource), folder.patient
            if (said.name, said.birth_on, said.sex) != (ours.name, ours.birth_on, ours.sex):
                raise FhirError("fhir.person_differs", row=folder.head.row, field="Patient")

    def _unseen(self, folder: Folder) -> list[Item]:
        """The items that are new here; those that are here are counted, those that differ refused."""
        known = dict(
            (((kind, name), digest) for kind, name, digest in ImportedResource.objects.filter(source=folder.source)
             .values_list("resource_type", "resource_id", "digest"))
        )  # fmt: skip
        if folder.patient is not None:
            known |= {key: digest_of(canonical(value)) for key, value in giving.present(folder.patient).items()}
        new = []
        for item in folder.items:
            digest = known.get((item.kind, item.id))
            if digest is None:
                new.append(item)
            elif not item.is_counted:
                one = self.tally.count(item.kind)
                one.read += 1
                if digest == item.digest:
                    one.unchanged += 1
                else:
                    one.refused += 1
                    self.tally.refuse(
                        Refusal.of(FhirError("fhir.changed", row=item.row, field=f"{item.kind}"), self.place, self.name)
                    )
            item.is_counted = item.is_counted or digest is not None
        return new
