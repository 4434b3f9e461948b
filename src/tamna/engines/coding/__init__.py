"""Diagnosis codes from clinical text (진료 내역 기반 자동 코딩): every suggestion with the words that say it.

`fit(coded, marked)` learns a `Coder` from notes with their codes; `suggest` of `kcd` needs no learning. Raises InputError.
"""

from tamna.engines.coding.coder import Answer, Coder, Evidence, Suggestion, fit
from tamna.engines.coding.notes import Marked, Note

__all__ = ["Answer", "Coder", "Evidence", "Marked", "Note", "Suggestion", "fit"]
