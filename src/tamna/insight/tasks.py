"""Jobs of insight: figures of claims counted anew, history priced under other fees."""

from tamna.insight.claims import tasks as claims
from tamna.insight.repricing import tasks as repricing

__all__ = ["claims", "repricing"]
