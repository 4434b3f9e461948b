"""The shared ground's tables."""

from tamna.core.models.access import ApiToken, IdempotencyRecord, Notification, SavedView, User
from tamna.core.models.audit import AuditBlock, AuditEntry
from tamna.core.models.automation import AutomationRun, Decision, Outcome, Policy, Proposal
from tamna.core.models.event import DeadLetter, Event, InterfaceMessage, Subscription
from tamna.core.models.hospital import Department, Hospital, HospitalClock, Practitioner, Room
from tamna.core.models.keys import DataKey, KeyRotation, NumberSeries
from tamna.core.models.operation import BackupPlan, OutsideSystem

__all__ = [
    "ApiToken", "AuditBlock", "AuditEntry", "AutomationRun", "BackupPlan", "DataKey", "DeadLetter", "Decision", "Department", "Event",
    "Hospital", "HospitalClock", "IdempotencyRecord", "InterfaceMessage", "KeyRotation", "Notification", "NumberSeries",
    "Outcome", "OutsideSystem", "Policy", "Practitioner", "Proposal", "Room", "SavedView", "Subscription", "User",
]  # fmt: skip
