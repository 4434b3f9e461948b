"""Prometheus metrics of this process."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter("tamna_requests_total", "Requests", ["method", "view", "status"])
SECONDS = Histogram("tamna_request_seconds", "Seconds a request", ["view"], buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10))
