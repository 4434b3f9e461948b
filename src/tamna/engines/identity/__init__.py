"""Are two records of one person (동일인 판정): names in Hangul and Latin letters, birth dates, phones; travel documents read."""
