"""Structured logs to stderr: one JSON line an event, names and ids, never a person's data."""

import logging
import os
import sys

import structlog


def configure() -> None:
    level = getattr(logging, os.environ.get("TAMNA_LOG", "INFO").upper(), logging.INFO)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format='{"event":"%(name)s","level":"%(levelname)s"}')
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
