"""Checks claims before they leave (사전심사): rules as data, over one claim or over whole tables.

`RuleSet.load().check_one(document)` answers with a `Report`, `check_frames(claims, lines, diagnoses)` with a frame.
"""

from tamna.engines.claimcheck.report import Finding, Report
from tamna.engines.claimcheck.rules import Rule, RuleError
from tamna.engines.claimcheck.ruleset import Company, RuleSet

__all__ = ["Company", "Finding", "Report", "Rule", "RuleError", "RuleSet"]
