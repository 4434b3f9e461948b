"""Jeju dialect to standard Korean (제주어 → 표준어), word by word, with the reason of each word.

Source of words and endings: params/language/jejueo (written for this project; no native speaker has checked it yet, so
confidence is the writer's own). A word is a known form, a noun with particles, or a stem with an ending; what is none of
these is kept as it is. In: a line of text. Out: Converted. Raises nothing.
"""

from tamna.engines.language.dialect.convert import Converted, Word, to_standard

__all__ = ["Converted", "Word", "to_standard"]
