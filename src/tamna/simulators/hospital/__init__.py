"""The synthetic hospital: people, days and years that look like a Korean public general hospital. All of it is invented.

One seed is one byte-identical hospital. It knows the outside world only: no code of the product's engines or departments.
"""

from tamna.simulators.hospital.day import Visit, plan_day
from tamna.simulators.hospital.people import Person, World

__all__ = ["Person", "Visit", "World", "plan_day"]
