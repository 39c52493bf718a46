"""What registries store and cost, and what Alpine would change, from Prometheus."""

from grafana_foundation_sdk.builders import dashboard

from .common import (
    BYTES, COUNT, DOLLARS, RATIO, REGISTRY, bars_panel, now, over_time, prometheus_variables, series_panel,
    stat_panel, steps, table_panel, tare_dashboard,
)

MODELLED = "A whole calendar month at the present level, modelled from the price book; no invoice."


def total(metric: str, by: str = "registry") -> str:
    """The sum over what is chosen, each figure counted once however many replicas tell it."""
    return f"sum(max by ({by}) ({metric}{{{REGISTRY}}}))"


def by_registry(metric: str) -> str:
    return f"max by (registry) ({metric}{{{REGISTRY}}})"


def repositories(metric: str, by: str = "registry, repository") -> str:
    return f"max by ({by}) ({metric}{{{REGISTRY}}})"


MONTH = total("tare_registry_monthly_cost_usd", "registry, component")
ALPINE = total("tare_registry_alpine_monthly_cost_usd")
SAVING = total("tare_registry_monthly_saving_usd")
STORED = total("tare_registry_stored_bytes")
COST_OF_EACH = f"sum by (registry, repository) (max by (registry, repository, component) (tare_repository_monthly_cost_usd{{{REGISTRY}}}))"
NAME = "{{repository}}"


def build():
    builder = tare_dashboard(
        "tare-cost",
        "Tare: cost",
        "What registries store and cost, what they would on Alpine, and which repositories that comes from.",
        "now-30d",
        "15m",
    )
    builder = prometheus_variables(builder, per_registry=True)
    for panel in overview():
        builder = builder.with_panel(panel)
    for title, panels in [
        ("Over time", over_months), ("Where it comes from", sources), ("Where the saving is", savings),
    ]:
        builder = builder.with_row(dashboard.Row(title))
        for panel in panels():
            builder = builder.with_panel(panel)
    return builder.build()


def overview():
    yield stat_panel("Month", MODELLED, DOLLARS, now(MONTH, "now", "A"), decimals=2)
    yield stat_panel(
        "Month on Alpine",
        "The same month if all repositories switched that should; the single best figure.",
        DOLLARS,
        now(ALPINE, "on Alpine", "A"),
        decimals=2,
    )
    yield stat_panel(
        "Saving in a month",
        "The difference. Below the quota of a plan a byte saved is worth nothing, and that is reckoned with.",
        DOLLARS,
        now(SAVING, "saving", "A"),
        decimals=2,
    )
    yield stat_panel(
        "Stored",
        "What is stored, each layer once however many tags and repositories use it.",
        BYTES,
        now(STORED, "stored", "A"),
    )
    yield stat_panel(
        "Would be freed",
        "What of it would be freed if all repositories switched that should, in parts of what is stored.",
        RATIO,
        now(f"{total('tare_registry_saving_bytes')} / {STORED}", "freed", "A"),
        decimals=1,
    )
    yield stat_panel(
        "Of the budget",
        "The month's cost in parts of the budget for all registries, else of the sum of the registries' budgets.",
        RATIO,
        now(
            f"{MONTH} / (max(tare_monthly_budget_usd{{job=~\"$job\", instance=~\"$instance\"}}) "
            f"or {total('tare_registry_monthly_budget_usd')})",
            "budget",
            "A",
        ),
        thresholds=steps((None, "green"), (0.8, "orange"), (1, "red")),
        decimals=0,
    )


def over_months():
    yield series_panel(
        "Cost of a month, now and on Alpine",
        "What a whole month costs at the level of each day, what it would on Alpine, and the interval in which that lies.",
        DOLLARS,
        [
            over_time(MONTH, "now", "A"),
            over_time(ALPINE, "on Alpine", "B"),
            over_time(total("tare_registry_alpine_monthly_cost_low_usd"), "on Alpine, seldom less", "C"),
            over_time(total("tare_registry_alpine_monthly_cost_high_usd"), "on Alpine, seldom more", "D"),
        ],
    )
    yield series_panel(
        "Stored, now and on Alpine",
        "What is stored, each layer once, and what would be on Alpine, with the interval in which that lies.",
        BYTES,
        [
            over_time(STORED, "now", "A"),
            over_time(total("tare_registry_alpine_stored_bytes"), "on Alpine", "B"),
            over_time(total("tare_registry_alpine_stored_low_bytes"), "on Alpine, seldom less", "C"),
            over_time(total("tare_registry_alpine_stored_high_bytes"), "on Alpine, seldom more", "D"),
        ],
    )
    yield series_panel(
        "Cost of a month by part",
        "Flat fees, what is paid for stored bytes, and what is paid for moved bytes.",
        DOLLARS,
        [
            over_time(
                f"sum by (component) (max by (registry, component) (tare_registry_monthly_cost_usd{{{REGISTRY}}}))",
                "{{component}}",
                "A",
            )
        ],
        stacked=True,
    )
    yield series_panel(
        "Cost of a month by registry, and budgets",
        "What a whole month of each registry costs, and what it may.",
        DOLLARS,
        [
            over_time(
                f"sum by (registry) (max by (registry, component) (tare_registry_monthly_cost_usd{{{REGISTRY}}}))",
                "{{registry}}",
                "A",
            ),
            over_time(by_registry("tare_registry_monthly_budget_usd"), "{{registry}} budget", "B"),
        ],
    )


def sources():
    yield bars_panel(
        "Costliest repositories",
        "The 15 repositories that bear most of the month's cost. (other) is all that have no series of their own.",
        DOLLARS,
        [now(f"topk(15, {COST_OF_EACH})", NAME, "A")],
    )
    yield bars_panel(
        "Teams",
        "What each team's repositories bear of the month's cost; (unassigned) is nobody's.",
        DOLLARS,
        [
            now(
                f"sort_desc(sum by (team) (max by (registry, team, component) (tare_team_monthly_cost_usd{{{REGISTRY}}})))",
                "{{team}}",
                "A",
            )
        ],
    )
    yield table_panel(
        "Repositories",
        "What each repository stores by its fair share, bears of the month's cost, and would on Alpine. Shares and costs add up to the registry's.",
        [
            now(repositories("tare_repository_attributed_bytes"), "", "A", as_table=True),
            now(COST_OF_EACH, "", "B", as_table=True),
            now(repositories("tare_repository_alpine_monthly_cost_usd"), "", "C", as_table=True),
            now(repositories("tare_repository_monthly_saving_usd"), "", "D", as_table=True),
            now(repositories("tare_repository_info", "registry, repository, team, verdict, base"), "", "E", as_table=True),
        ],
        {
            "registry": ("Registry", None),
            "repository": ("Repository", None),
            "team": ("Team", None),
            "base": ("Built from", None),
            "verdict": ("What to do", None),
            "Value #A": ("Fair share", BYTES),
            "Value #B": ("Month", DOLLARS),
            "Value #C": ("On Alpine", DOLLARS),
            "Value #D": ("Saving", DOLLARS),
            "Value #E": ("Known", COUNT),
        },
        merged=True,
        sort="Month",
    )


def savings():
    yield bars_panel(
        "Largest savings",
        "The 15 repositories whose part of the month's saving is largest if all switch that should.",
        DOLLARS,
        [now(f"topk(15, {repositories('tare_repository_monthly_saving_usd')} > 0)", NAME, "A")],
    )
    yield bars_panel(
        "What to do",
        "Repositories by verdict: whether they should switch, and why not where they should not.",
        COUNT,
        [
            now(
                f"sort_desc(sum by (verdict) (max by (registry, verdict) (tare_registry_verdict_repositories{{{REGISTRY}}})))",
                "{{verdict}}",
                "A",
            )
        ],
    )
    yield series_panel(
        "A sum over tags, and the truth",
        "What adding up tags says, and what is stored: layers are kept once however many tags use them.",
        BYTES,
        [
            over_time(total("tare_registry_logical_bytes"), "each tag counted alone", "A"),
            over_time(STORED, "stored", "B"),
        ],
    )
    yield series_panel(
        "What one more GiB would cost",
        "What one more unit stored for a whole month would cost at the present level; nothing while there is quota left.",
        DOLLARS,
        [
            over_time(
                f"max by (registry, unit) (tare_registry_monthly_unit_price_usd{{{REGISTRY}}})",
                "{{registry}} per {{unit}}",
                "A",
            )
        ],
    )
