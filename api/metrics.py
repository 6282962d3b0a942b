"""Measures for Prometheus: request time by route, and what the database and the broker know of the work."""

import os
import time
from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from matchmaking.selectors import health

registry = CollectorRegistry()
REQUESTS = Histogram(
    "matchmaking_request_seconds",
    "Time to answer a request, by route, method and status.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=registry,
)


def timed(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: notes how long each request took, under its route: never under its address, which holds ids."""

    def answer(request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = get_response(request)
        route = request.resolver_match.route if request.resolver_match else "none"
        method = request.method if request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"
        REQUESTS.labels(route, method, response.status_code).observe(time.perf_counter() - start)
        return response

    return answer


class Work(Collector):
    def collect(self) -> Iterator[Metric]:
        yield gauge("matchmaking_queue_depth", "Messages that wait, by queue.", "queue", health.queue_depths())
        yield gauge("matchmaking_runs", "Runs by state.", "state", health.runs_by_state())
        yield gauge("matchmaking_intents", "Notifications by state.", "state", health.intents_by_state())
        yield GaugeMetricFamily("matchmaking_queue_oldest_seconds", "Longest wait of a shard.", health.oldest_wait_s())
        yield GaugeMetricFamily("matchmaking_fenced_writes", "Writes refused because the lease had gone.", health.fenced_writes())
        age = health.sweep_age()
        yield GaugeMetricFamily("matchmaking_sweep_age_seconds", "Time since the last sweep.", -1 if age is None else age)


def gauge(name: str, text: str, label: str, values: "dict[str, int] | object") -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in dict(values).items():  # type: ignore[call-overload]
        family.add_metric([value], number)
    return family


def exposition() -> bytes:
    """All measures as text; those of all web processes where PROMETHEUS_MULTIPROC_DIR names where they share them."""
    work = CollectorRegistry()
    work.register(Work())
    requests = registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        requests = CollectorRegistry()
        MultiProcessCollector(requests)
    return generate_latest(requests) + generate_latest(work)
