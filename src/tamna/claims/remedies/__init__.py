"""Objections and appeals (이의신청, 심판청구): offered, decided by a person, sent, ruled upon."""
