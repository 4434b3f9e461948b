"""The imagined review agency's judgement (심사): one judge for the living system's own process and for the generator of past years.

It knows the public lists of codes and its own criteria (criteria.yaml), nothing of the product's rules. Same seed, statement and
day: same decision. What makes it hard to foresee is kept here: criteria drift by quarter, reviewers differ in strictness and taste,
doctors have names with them, a notice counts from its day on, and some decisions are simply wrong.
"""

from tamna.simulators.agency.judge import Decision, Judge, Known

__all__ = ["Decision", "Judge", "Known"]
