"""Claims in figures (청구 현황·분석): pre-computed sums of months of care and weeks of sending, their screen and their proof."""
