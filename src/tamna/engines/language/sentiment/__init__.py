"""How a comment leans and what it speaks of (감성 분석과 주제): learnt from labelled comments, topics from a list that people mend.

`fit(table)` learns a `Sentiment`; `topics(text)` needs no learning. Raises InputError.
"""

from tamna.engines.language.sentiment.sentiment import Opinion, Sentiment, fit
from tamna.engines.language.sentiment.topics import topics

__all__ = ["Opinion", "Sentiment", "fit", "topics"]
