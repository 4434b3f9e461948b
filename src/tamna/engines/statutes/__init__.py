"""References to statutes (법령 인용): which article exists, what it is called and since when; a wrong reference is refused.

`cite(law, article, on)` answers from the index of names, numbers and titles, which holds no text of a law.
"""

from tamna.engines.statutes.index import Article, Citation, Index, Law, NoStatute, cite, of_rows, references, shipped
from tamna.engines.statutes.text import read_statute

__all__ = [
    "Article",
    "Citation",
    "Index",
    "Law",
    "NoStatute",
    "cite",
    "of_rows",
    "read_statute",
    "references",
    "shipped",
]
