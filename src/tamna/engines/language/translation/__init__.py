"""The counter in four languages (다국어 창구): a phrase book with slots, a glossary that is kept to, and a verifier of whatever translates.

`translate(line, source=…, target=…, glossary=…)`; `book()` is the phrase book for screens. Raises InputError on a glossary that cannot be used.
"""

from tamna.engines.language.translation.glossary import Glossary, own, read
from tamna.engines.language.translation.phrases import Phrase, book
from tamna.engines.language.translation.translation import Translation, translate

__all__ = ["Glossary", "Phrase", "Translation", "book", "own", "read", "translate"]
