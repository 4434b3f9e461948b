"""Booking engines: a booking as a calendar file, suggested times, overbooking by expected cost."""
