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
from tamna.reception.models.communications import Communication, ContactChoice
from tamna.reception.models.learning import ArrivalForecast, Learner, LearntModel, NoShowChance
from tamna.reception.models.planning import HourForecast, SeasonStudy, StaffPlan
from tamna.reception.models.visits import Condition, Encounter, ServiceRequest, Ticket

__all__ = [
    "Absence",
    "Appointment",
    "ArrivalForecast",
    "ClinicHours",
    "Communication",
    "Condition",
    "ContactChoice",
    "Encounter",
    "HourForecast",
    "Learner",
    "LearntModel",
    "NoShowChance",
    "SeasonStudy",
    "ServiceRequest",
    "Slot",
    "SlotHold",
    "SlotOffer",
    "StaffPlan",
    "Ticket",
    "WaitingRequest",
]
