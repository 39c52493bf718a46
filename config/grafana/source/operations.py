"""Is Tare well, and are its figures fresh?"""

from grafana_foundation_sdk.builders import dashboard

from .common import (
    AGO, BYTES, COUNT, OWN, RATIO, REGISTRY, SECONDS, now, over_time, prometheus_variables, series_panel,
    stat_panel, steps, table_panel, tare_dashboard,
)
from grafana_foundation_sdk.models import units

REQUESTS = f"tare_http_requests_total{{{OWN}}}"
FAILURES = f'tare_http_requests_total{{{OWN}, code=~"5.."}}'
LOSSES = f'tare_crawl_last_faults{{{REGISTRY}, kind=~"denied|unavailable|invalid"}}'


def build():
    builder = tare_dashboard(
        "tare-operations",
        "Tare: operations",
        "Whether Tare works, whether registries are read, and how it answers.",
        "now-7d",
        "1m",
    )
    builder = prometheus_variables(builder, per_registry=True)
    for panel in overview():
        builder = builder.with_panel(panel)
    builder = builder.with_row(dashboard.Row("Crawls"))
    for panel in crawls():
        builder = builder.with_panel(panel)
    builder = builder.with_row(dashboard.Row("API"))
    for panel in api():
        builder = builder.with_panel(panel)
    builder = builder.with_row(dashboard.Row("Process and database"))
    for panel in process():
        builder = builder.with_panel(panel)
    return builder.build()


def overview():
    yield stat_panel(
        "Oldest complete crawl",
        "When the registry that was read completely longest ago was. Alert TareCrawlStale fires after two days.",
        AGO,
        now(f"1000 * min(max by (registry) (tare_crawl_last_success_timestamp_seconds{{{REGISTRY}}}))", "oldest", "A"),
        width=5,
    )
    yield stat_panel(
        "Registries not read completely",
        "How many registries' last crawl could not read everything. Their totals may be too small.",
        COUNT,
        now(f"count(max by (registry) (tare_registry_up{{{REGISTRY}}}) == 0) or vector(0)", "registries", "A"),
        thresholds=steps((None, "green"), (1, "orange")),
        width=5,
    )
    yield stat_panel(
        "Faults",
        "What the last crawls could not read and that costs the figures something: denied, unavailable, invalid.",
        COUNT,
        now(f"sum(max by (registry, kind) ({LOSSES})) or vector(0)", "faults", "A"),
        thresholds=steps((None, "green"), (1, "orange")),
        width=4,
    )
    yield stat_panel(
        "Crawls in the queue",
        "Crawls that wait for a replica to begin with them.",
        COUNT,
        now(
            f'sum(max by (registry) (tare_crawl_unfinished{{{REGISTRY}, state="queued"}})) or vector(0)',
            "queued",
            "A",
        ),
        width=5,
    )
    yield stat_panel(
        "Failing requests",
        "Of the requests to the API, the part that was answered with a status of 500 or above.",
        RATIO,
        over_time(
            f"(sum(rate({FAILURES}[$__rate_interval])) or vector(0)) / sum(rate({REQUESTS}[$__rate_interval]))",
            "failing",
            "A",
        ),
        thresholds=steps((None, "green"), (0.01, "orange"), (0.05, "red")),
        decimals=1,
        width=5,
        graph=True,
    )


def crawls():
    columns = {
        "registry": ("Registry", None),
        "Value #A": ("Complete", units.BoolYesNo),
        "Value #B": ("Last complete", AGO),
        "Value #C": ("Took", SECONDS),
        "Value #D": ("Requests", COUNT),
        "Value #E": ("Turned away", COUNT),
        "Value #F": ("Faults", COUNT),
    }

    def each(ref_id, expression):
        return now(expression, "", ref_id, as_table=True)

    yield table_panel(
        "Registries",
        "The last crawl of each registry: whether it read everything, and what it cost the registry.",
        [
            each("A", f"max by (registry) (tare_registry_up{{{REGISTRY}}})"),
            each("B", f"1000 * max by (registry) (tare_crawl_last_success_timestamp_seconds{{{REGISTRY}}})"),
            each("C", f"max by (registry) (tare_crawl_last_duration_seconds{{{REGISTRY}}})"),
            each("D", f"sum by (registry) (max by (registry, method) (tare_crawl_last_requests{{{REGISTRY}}}))"),
            each("E", f"max by (registry) (tare_crawl_last_rate_limited_requests{{{REGISTRY}}})"),
            each("F", f"sum by (registry) (max by (registry, kind) ({LOSSES}))"),
        ],
        columns,
        merged=True,
        height=7,
    )
    yield series_panel(
        "Duration of the last crawl",
        "How long the last crawl of each registry took, from its start to its end.",
        SECONDS,
        [over_time(f"max by (registry) (tare_crawl_last_duration_seconds{{{REGISTRY}}})", "{{registry}}", "A")],
    )
    yield series_panel(
        "Requests of the last crawl",
        "Requests on the wire by method. A crawl of a registry that did not change sends HEAD requests and next to nothing else.",
        COUNT,
        [
            over_time(
                f"sum by (method) (max by (registry, method) (tare_crawl_last_requests{{{REGISTRY}}}))",
                "{{method}}",
                "A",
            )
        ],
        stacked=True,
    )
    yield series_panel(
        "Faults of the last crawl",
        "What could not be read, by kind. Denied, unavailable and invalid ones may make the figures too small.",
        COUNT,
        [
            over_time(
                f"sum by (kind) (max by (registry, kind) (tare_crawl_last_faults{{{REGISTRY}}}))", "{{kind}}", "A"
            )
        ],
        stacked=True,
    )
    yield series_panel(
        "Held back by the registry",
        "How long requests of the last crawl waited, added up, because the registry asked for it. Far above nothing: lower requests_per_minute.",
        SECONDS,
        [over_time(f"max by (registry) (tare_crawl_last_wait_seconds{{{REGISTRY}}})", "{{registry}}", "A")],
    )


def api():
    yield series_panel(
        "Requests",
        "Requests answered in a second, by route.",
        units.RequestsPerSecond,
        [over_time(f"sum by (route) (rate({REQUESTS}[$__rate_interval]))", "{{route}}", "A")],
        stacked=True,
    )
    buckets = f"sum by (le) (rate(tare_http_request_duration_seconds_bucket{{{OWN}}}[$__rate_interval]))"
    yield series_panel(
        "Time to answer",
        "Half, nine in ten, and 99 in 100 of the requests were answered within this time.",
        SECONDS,
        [
            over_time(f"histogram_quantile(0.5, {buckets})", "half", "A"),
            over_time(f"histogram_quantile(0.9, {buckets})", "90 %", "B"),
            over_time(f"histogram_quantile(0.99, {buckets})", "99 %", "C"),
        ],
    )
    yield series_panel(
        "Answers by status",
        "Requests answered in a second, by status code.",
        units.RequestsPerSecond,
        [over_time(f"sum by (code) (rate({REQUESTS}[$__rate_interval]))", "{{code}}", "A")],
        stacked=True,
    )
    yield series_panel(
        "Requests in flight",
        "Requests being answered at this moment, by replica.",
        COUNT,
        [over_time(f"sum by (instance) (tare_http_requests_in_flight{{{OWN}}})", "{{instance}}", "A")],
    )


def process():
    yield series_panel(
        "Memory",
        "Resident memory of each replica.",
        BYTES,
        [over_time(f"max by (instance) (process_resident_memory_bytes{{{OWN}}})", "{{instance}}", "A")],
        width=8,
    )
    yield series_panel(
        "Processor",
        "Processor cores in use by each replica.",
        COUNT,
        [
            over_time(
                f"sum by (instance) (rate(process_cpu_seconds_total{{{OWN}}}[$__rate_interval]))", "{{instance}}", "A"
            )
        ],
        width=8,
    )
    yield series_panel(
        "Connections to the database",
        "Connections of each replica that are in use, and the most it may open.",
        COUNT,
        [
            over_time(
                f'max by (instance) (tare_store_connections{{{OWN}, state="used"}})', "{{instance}} in use", "A"
            ),
            over_time(f"max by (instance) (tare_store_max_connections{{{OWN}}})", "{{instance}} at most", "B"),
        ],
        width=8,
    )
