"""Which class a document belongs to (의무기록 분류): words with weights, read from a table, and how sure that is."""

from tamna.engines.filing.classes import CLASSES, Sorted, classify, keep_until

__all__ = ["CLASSES", "Sorted", "classify", "keep_until"]
