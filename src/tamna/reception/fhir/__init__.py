"""FHIR R4 records in and out: `taking` makes ours of what comes and keeps the originals, `giving` writes a patient's bundle.

`report` is what an import says of itself: on the command line, over the API and on IT's screen.
"""
