"""Structured logs to stderr: one JSON line an event, names and ids, never a person's data."""

import json
import logging
import os
import sys

import structlog

from tamna.core.errors import without_data


class WithoutData(logging.Formatter):
    """A library's record as one JSON line: who, how grave, which error and where; never its text, which may quote a row."""

    def format(self, record: logging.LogRecord) -> str:
        said = {"event": record.name, "level": record.levelname.lower()}
        if record.exc_info and record.exc_info[1]:
            said["error"] = without_data(record.exc_info[1])
        return json.dumps(said)


def configure() -> None:
    level = getattr(logging, os.environ.get("TAMNA_LOG", "INFO").upper(), logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WithoutData())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("django.request").setLevel(logging.ERROR)  # a refusal (4xx) is an answer; the metrics count it
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
