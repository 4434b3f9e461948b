"""The hospital information system (HIS) over HL7 v2 (2.2-2.6) and MLLP: what it may send, how it is answered, what we tell it.

`form` reads bytes into segments, `content` reads segments into what they say, `answers` writes, `mllp` carries. Numbers are
ours: PID-3 the chart number, PV1-19 the visit's public id, ORC-2 the placer order number, AIP-3 the doctor's licence.
"""

from tamna.connect.his.answers import acknowledge, acknowledgement_code, arrival
from tamna.connect.his.content import Booking, Inbound, Order, read
from tamna.connect.his.form import MAX_BYTES, Hl7Error, control_id_of

__all__ = [
    "MAX_BYTES", "Booking", "Hl7Error", "Inbound", "Order", "acknowledge", "acknowledgement_code", "arrival",
    "control_id_of", "read",
]  # fmt: skip
