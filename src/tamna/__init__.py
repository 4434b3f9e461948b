"""Tamna (탐라): runs the administration department of a Korean public general hospital."""

__version__ = "0.1.0"
