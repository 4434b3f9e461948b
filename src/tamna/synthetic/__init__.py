"""Brings the synthetic hospital into the product: seeds it, loads its past in bulk. Knows both sides; neither knows it."""
