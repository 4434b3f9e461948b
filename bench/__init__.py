"""Measurements of Tamna: figures printed side by side, never a timed test. `make bench load torture`."""
