"""The law and the models as pure functions: no Django, no database, no clock, no network."""
