"""Diagnosis codes from clinical text (진료 내역 기반 자동 코딩): a note, what it suggests, and a person's word on each."""
