"""FHIR R4 (HL7 FHIR 4.0.1) as files and bundles: what others send is read within bounds, what Tamna holds is written.

`reading` takes bytes to entries, `validity` says whether an entry is R4, `content` reads what it says, `writing` makes ours.
Nothing here knows the database.
"""

from tamna.connect.fhir.reading import Entry, FhirError, Parcel, bundle, canonical, dump, files, parcels, parse

__all__ = ["Entry", "FhirError", "Parcel", "bundle", "canonical", "dump", "files", "parcels", "parse"]
