"""Records of reception: bookings, visits, and what was learnt from them."""

from tamna.reception.models.booking import (
    Absence,
    Appointment,
    ClinicHours,
    Slot,
    SlotHold,
    SlotOffer,
    WaitingRequest,
)
from tamna.reception.models.learning import ArrivalForecast, Learner, LearntModel, NoShowChance
from tamna.reception.models.visits import Condition, Encounter, ServiceRequest, Ticket

__all__ = [
    "Absence",
    "Appointment",
    "ArrivalForecast",
    "ClinicHours",
    "Condition",
    "Encounter",
    "Learner",
    "LearntModel",
    "NoShowChance",
    "ServiceRequest",
    "Slot",
    "SlotHold",
    "SlotOffer",
    "Ticket",
    "WaitingRequest",
]
