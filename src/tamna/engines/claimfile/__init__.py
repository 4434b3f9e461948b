"""Claim files (청구서·명세서): one writer and one reader for a layout that is data, in JSON lines and fixed-width text."""

from tamna.engines.claimfile import answers, fixed, ndjson
from tamna.engines.claimfile.completeness import header_faults, header_of, statement_faults
from tamna.engines.claimfile.found import BadFile, Fault, Person, Statement, Unwritable
from tamna.engines.claimfile.layout import Layout, load_layout

__all__ = [
    "BadFile", "Fault", "Layout", "Person", "Statement", "Unwritable", "answers", "fixed", "header_faults", "header_of", "load_layout", "ndjson",
    "statement_faults",
]  # fmt: skip
