"""Automations of claims, a module for each plan line; `outcomes` tells what they were worth."""

from tamna.claims.automations import exception, fix, omit, outcomes, over, reclaim, risk, submit
from tamna.claims.coding import automations as coding

__all__ = ["coding", "exception", "fix", "omit", "outcomes", "over", "reclaim", "risk", "submit"]
