"""Records from elsewhere become ours (FHIR R4 들여오기): people, Korean coverage, finished visits, diagnoses; the rest is kept.

Every original is kept, encrypted, so that `giving` can give it back. One bundle is one transaction under the digest of its
bytes: what was taken is not opened again, what was stopped goes on. Nothing here is overwritten, queued, charged, claimed
or counted in the hospital's figures. Raises nothing for bad input: it is refused with a key, and the rest goes on.
"""

from django.db import DataError, connection, transaction

from tamna.connect.fhir import FhirError, Parcel
from tamna.core import clock, notices
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.patients.models import ImportedBundle, ImportRun
from tamna.reception.fhir.keeping import Keeper
from tamna.reception.fhir.report import Refusal, Tally
from tamna.reception.fhir.sorting import Sorter

LOCK = 72_658  # one bundle at a time, whoever imports


class Import:
    """One run over many bundles. Rows of its own are written only where something changes."""

    def __init__(self, *, by: Actor) -> None:
        self.by, self.tally = by, Tally()
        self.run: ImportRun | None = None

    def take(self, parcel: Parcel, place: int) -> Tally:
        """Take one bundle whole, or leave it; what happened is added to the run's tally and returned."""
        self.tally.bundles["read"] += 1
        seen = ImportedBundle.objects.filter(digest=parcel.digest).first()
        if seen and seen.outcome == ImportedBundle.Outcome.WHOLE:
            part = _unchanged(seen)
        else:
            try:
                part = self._opened(parcel, place)
            except (FhirError, DomainError) as error:
                part = self._refused(error, parcel.digest, place, parcel.name)
            except DataError:
                part = self._refused(FhirError("fhir.does_not_fit"), parcel.digest, place, parcel.name)
        self.tally.add(part)
        if part.is_new and self.run is not None:  # a run that is stopped still says how far it came
            ImportRun.objects.filter(pk=self.run.pk).update(counts=self.tally.stored())
        return part

    def refuse_file(self, error: FhirError, place: int, name: str, digest: str) -> Tally:
        """A file that cannot even be divided into bundles."""
        self.tally.bundles["read"] += 1
        part = self._refused(error, digest, place, name)
        self.tally.add(part)
        return part

    def finish(self) -> None:
        """Close the run; where nothing changed there is none."""
        if self.run is not None:
            self.run.finished_at, self.run.counts = clock.now(), self.tally.stored()
            self.run.refusals = [refusal.stored() for refusal in self.tally.refusals]
            self.run.save(update_fields=["finished_at", "counts", "refusals"])
            facts = {"read": self.tally.bundles["read"], "refused": len(self.tally.refusals)}
            notices.tell("import.finished", facts, key=self.run.pk, url=f"/imports/{self.run.public_id}")

    def _opened(self, parcel: Parcel, place: int) -> Tally:
        entries = parcel.open()
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            part, made = Tally(), self.run
            sorter = Sorter(part, place, parcel.name)
            writes = sorter.prepare(entries)
            refusals = [[refusal.row, refusal.key] for refusal in part.refusals]
            seen = ImportedBundle.objects.filter(digest=parcel.digest).first()
            whole, nothing = ImportedBundle.Outcome.WHOLE, part.total("refused") == part.total("read")
            if writes or (refusals and (seen is None or seen.refusals != refusals)):
                made = made or _begin(self.by)
                for folder in sorter.folders:
                    if folder.items:
                        Keeper(sorter, folder, made, self.by).write()
                outcome = ImportedBundle.Outcome.REFUSED if nothing else ImportedBundle.Outcome.PARTLY
                ImportedBundle.objects.update_or_create(
                    digest=parcel.digest,
                    defaults={"run": made, "outcome": outcome if refusals else whole, "refusals": refusals, "taken_at": clock.now(),
                              "counts": {kind: one.read - one.refused for kind, one in part.types.items()}},
                )  # fmt: skip
            part.bundles["new" if part.is_new else "refused" if refusals and nothing else "unchanged"] += 1
        self.run = made
        return part

    def _refused(self, error: FhirError | DomainError, digest: str, place: int, name: str) -> Tally:
        part = Tally()
        part.bundles["refused"] += 1
        refusal = Refusal.of(error, place, name)
        part.refuse(refusal)
        refusals = [[refusal.row, refusal.key]]
        with transaction.atomic():
            seen = ImportedBundle.objects.filter(digest=digest).first()
            if seen is None or (seen.refusals != refusals and seen.outcome == ImportedBundle.Outcome.REFUSED):
                made = self.run or _begin(self.by)
                ImportedBundle.objects.update_or_create(
                    digest=digest,
                    defaults={"run": made, "outcome": "refused", "refusals": refusals, "taken_at": clock.now()},
                )
                self.run = made
        return part


def _begin(by: Actor) -> ImportRun:
    return ImportRun.objects.create(started_by=by.name[:150], started_at=clock.now())


def _unchanged(seen: ImportedBundle) -> Tally:
    part = Tally()
    part.bundles["unchanged"] += 1
    for kind, count in seen.counts.items():
        one = part.count(kind)
        one.read, one.unchanged = count, count
    return part
