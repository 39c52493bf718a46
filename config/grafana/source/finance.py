"""The finance dashboard, from the stable SQL views (docs/finance.md, SQL views)."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import units

from .common import (
    AGO, BYTES, COUNT, POSTGRES, RATIO, SECONDS, Sql, columns_panel, datasource_variable, series_panel, sql_variable,
    page_variable, stat_panel, table_panel, tare_dashboard,
)

# Full digits: currency units of Grafana shorten 1,230,000 to 1.23M, which finance cannot use.
AMOUNT = units.LocaleFormat
CHOSEN = "registry IN ($registry) AND currency = '$currency'"
CENTRES = f"{CHOSEN} AND coalesce(cost_centre, 'unassigned') IN ($cost_centre)"
MODELLED = "Whole calendar months at the present level, modelled from price books; no invoice."


def one(query: str) -> Sql:
    return Sql(query, as_series=False, ref_id="A")


def build():
    builder = tare_dashboard(
        "tare-finance",
        "Tare: finance",
        "What registries cost by cost centre, what Alpine would save, and how that developed. Every amount is modelled from a price book and no invoice.",
        "now-1y",
        "1h",
    )
    builder = builder.with_variable(
        datasource_variable(
            "grafana-postgresql-datasource",
            "Tare's database, by the role tare_finance_reader.",
            "Tare (SQL)",
            "tare-postgres",
        )
    )
    builder = builder.with_variable(
        dashboard.QueryVariable("currency")
        .label("Currency")
        .description("Amounts in different currencies are not added up.")
        .query("SELECT DISTINCT currency FROM finance.v_registry WHERE currency IS NOT NULL ORDER BY 1")
        .datasource(POSTGRES)
        .refresh(models.VariableRefresh.ON_DASHBOARD_LOAD)
        .current(models.VariableOption(text="USD", value="USD"))
    )
    builder = builder.with_variable(
        sql_variable(
            "registry",
            "Registry",
            "The container registry.",
            "SELECT registry FROM finance.v_registry WHERE currency = '$currency' ORDER BY 1",
        )
    )
    builder = builder.with_variable(
        sql_variable(
            "cost_centre",
            "Cost centre",
            "Who pays; unassigned is what no rule and no image label gives to anybody.",
            "SELECT DISTINCT coalesce(cost_centre, 'unassigned') FROM finance.v_cost_centre WHERE currency = '$currency' ORDER BY 1",
        )
    )
    builder = builder.with_variable(page_variable())
    for panel in overview():
        builder = builder.with_panel(panel)
    for title, panels in [
        ("Cost centres and repositories", owners), ("Over time", months), ("Where the saving is", savings),
        ("What it rests on", grounds),
    ]:
        builder = builder.with_row(dashboard.Row(title))
        for panel in panels():
            builder = builder.with_panel(panel)
    return builder.build()


def overview():
    yield stat_panel(
        "Month",
        f"What the chosen cost centres bear. {MODELLED}",
        AMOUNT,
        one(f"SELECT round(sum(monthly_cost), 2) AS month FROM finance.v_allocation WHERE {CENTRES}"),
        decimals=2,
    )
    yield stat_panel(
        "Month on Alpine",
        "The same if all repositories switched that should; the single best figure.",
        AMOUNT,
        one(f"SELECT round(sum(alpine_monthly_cost_expected), 2) AS alpine FROM finance.v_allocation WHERE {CENTRES}"),
        decimals=2,
    )
    yield stat_panel(
        "Saving in a month",
        "The difference, as expected.",
        AMOUNT,
        one(f"SELECT round(sum(joint_saving_expected), 2) AS saving FROM finance.v_allocation WHERE {CENTRES}"),
        decimals=2,
    )
    yield stat_panel(
        "Assigned",
        "The part of the month's cost that has a cost centre.",
        RATIO,
        one(
            "SELECT sum(monthly_cost) FILTER (WHERE cost_centre IS NOT NULL) / nullif(sum(monthly_cost), 0) AS assigned "
            f"FROM finance.v_allocation WHERE {CHOSEN}"
        ),
        decimals=1,
    )
    yield stat_panel(
        "How many repositories",
        "Repositories of the chosen cost centres.",
        COUNT,
        one(f"SELECT count(repository) AS repositories FROM finance.v_allocation WHERE {CENTRES}"),
    )
    yield stat_panel(
        "Figures as of",
        "The oldest moment that any of these figures is for.",
        AGO,
        one(f"SELECT min(as_of) AS as_of FROM finance.v_allocation WHERE {CENTRES}"),
    )


def owners():
    yield table_panel(
        "Cost centres",
        "What each cost centre bears in a month, now and on Alpine. Its rows add up to the registries' totals; unassigned is shown.",
        [
            one(
                "SELECT coalesce(cost_centre, 'unassigned') AS cost_centre, coalesce(team, 'unassigned') AS team, "
                "count(repository) AS repositories, sum(attributed_bytes)::float8 AS bytes, "
                "round(sum(monthly_cost), 2) AS month, round(sum(alpine_monthly_cost_expected), 2) AS alpine, "
                f"round(sum(joint_saving_expected), 2) AS saving FROM finance.v_allocation WHERE {CENTRES} "
                "GROUP BY 1, 2 ORDER BY month DESC"
            )
        ],
        {
            "cost_centre": ("Cost centre", None),
            "team": ("Team", None),
            "repositories": ("Repositories", COUNT),
            "bytes": ("Fair share", BYTES),
            "month": ("Month", AMOUNT),
            "alpine": ("On Alpine", AMOUNT),
            "saving": ("Saving", AMOUNT),
        },
        width=12,
        footer=["Month", "On Alpine", "Saving", "Fair share", "Repositories"],
    )
    yield table_panel(
        "Repositories",
        "What each repository bears in a month, now and on Alpine. The row without a repository is what is nobody's.",
        [
            one(
                "SELECT registry, coalesce(repository, '(nobody''s)') AS repository, cost_centre, "
                "attributed_bytes::float8 AS bytes, round(monthly_cost, 2) AS month, "
                "round(alpine_monthly_cost_expected, 2) AS alpine, round(joint_saving_expected, 2) AS saving "
                f"FROM finance.v_allocation WHERE {CENTRES} ORDER BY monthly_cost DESC NULLS LAST"
            )
        ],
        {
            "registry": ("Registry", None),
            "repository": ("Repository", None),
            "cost_centre": ("Cost centre", None),
            "bytes": ("Fair share", BYTES),
            "month": ("Month", AMOUNT),
            "alpine": ("On Alpine", AMOUNT),
            "saving": ("Saving", AMOUNT),
        },
        width=12,
        footer=["Month", "On Alpine", "Saving", "Fair share"],
    )


def months():
    yield columns_panel(
        "Months",
        "What each month cost at the level of its last crawl, by part.",
        AMOUNT,
        one(
            "SELECT month, round(sum(monthly_fee), 2) AS fees, round(sum(monthly_storage), 2) AS storage, "
            "round(sum(monthly_transfer), 2) AS transfer FROM ("
            "SELECT DISTINCT ON (registry, to_char(as_of, 'YYYY-MM')) to_char(as_of, 'YYYY-MM') AS month, "
            "monthly_fee, monthly_storage, monthly_transfer FROM finance.v_registry_history "
            f"WHERE $__timeFilter(as_of) AND {CHOSEN} ORDER BY registry, to_char(as_of, 'YYYY-MM'), as_of DESC"
            ") AS last GROUP BY month ORDER BY month"
        ),
        x="month",
        stacked=True,
    )
    yield series_panel(
        "Cost of a month, now and on Alpine",
        "What a whole month costs at the level of each crawl, averaged by day, by registry.",
        AMOUNT,
        [
            Sql(
                "SELECT $__timeGroup(as_of, '1d') AS time, registry AS metric, avg(monthly_cost)::float8 AS now, "
                "avg(alpine_monthly_cost_expected)::float8 AS \"on Alpine\" FROM finance.v_registry_history "
                f"WHERE $__timeFilter(as_of) AND {CHOSEN} GROUP BY 1, 2 ORDER BY 1",
                as_series=True,
                ref_id="A",
            )
        ],
    )
    yield series_panel(
        "Cost centres over time",
        "What each cost centre bore, averaged by day, by the rules of that day.",
        AMOUNT,
        [
            Sql(
                "SELECT time, cost_centre AS metric, avg(cost)::float8 AS cost FROM ("
                "SELECT $__timeGroup(as_of, '1d') AS time, as_of, coalesce(cost_centre, 'unassigned') AS cost_centre, "
                "sum(monthly_cost) AS cost FROM finance.v_repository_history "
                f"WHERE $__timeFilter(as_of) AND {CENTRES} GROUP BY 1, 2, 3"
                ") AS crawls GROUP BY 1, 2 ORDER BY 1",
                as_series=True,
                ref_id="A",
            )
        ],
        stacked=True,
        width=24,
    )


def savings():
    yield columns_panel(
        "Savings, the best first",
        "The 15 repositories that bring most if all switch that should.",
        AMOUNT,
        one(
            "SELECT repository, round(joint_saving_expected, 2) AS saving FROM finance.v_saving "
            f"WHERE {CENTRES} ORDER BY joint_saving_expected DESC NULLS LAST LIMIT 15"
        ),
        x="repository",
    )
    yield table_panel(
        "Repositories that should switch",
        "In the order of what they bring, with the running total in their registry and the interval in which each lies.",
        [
            one(
                "SELECT rank, registry, repository, base, reason, round(joint_saving_expected, 2) AS saving, "
                "round(joint_saving_low, 2) AS low, round(joint_saving_high, 2) AS high, "
                f"round(cumulative_saving, 2) AS cumulative FROM finance.v_saving WHERE {CENTRES} ORDER BY registry, rank"
            )
        ],
        {
            "rank": ("Place", COUNT),
            "registry": ("Registry", None),
            "repository": ("Repository", None),
            "base": ("Built from", None),
            "reason": ("Why", None),
            "saving": ("Saving", AMOUNT),
            "low": ("Seldom less", AMOUNT),
            "high": ("Seldom more", AMOUNT),
            "cumulative": ("Running total", AMOUNT),
        },
        width=12,
        height=8,
    )


def grounds():
    yield table_panel(
        "Registries",
        "What each registry's figures rest on: the moment, whether everything could be read, and the price book's edition.",
        [
            one(
                "SELECT registry, as_of, is_complete, stored_bytes::float8 AS stored, logical_bytes::float8 AS logical, "
                "round(monthly_cost, 2) AS month, round(alpine_monthly_cost_expected, 2) AS alpine, price_book, "
                f"price_book_version FROM finance.v_registry WHERE {CHOSEN} ORDER BY registry"
            )
        ],
        {
            "registry": ("Registry", None),
            "as_of": ("As of", units.DatetimeISO),
            "is_complete": ("Read completely", None),
            "stored": ("Stored", BYTES),
            "logical": ("Sum over tags", BYTES),
            "month": ("Month", AMOUNT),
            "alpine": ("On Alpine", AMOUNT),
            "price_book": ("Price book", None),
            "price_book_version": ("Edition", None),
        },
        width=12,
        height=7,
    )
    yield table_panel(
        "Crawls",
        "The latest crawls in the chosen time: how they ended and what they cost the registry.",
        [
            one(
                "SELECT registry, state, started_at, duration_seconds, requests, faults FROM finance.v_crawl "
                "WHERE $__timeFilter(started_at) AND registry IN ($registry) ORDER BY started_at DESC LIMIT 100"
            )
        ],
        {
            "registry": ("Registry", None),
            "state": ("State", None),
            "started_at": ("Began", units.DatetimeISO),
            "duration_seconds": ("Took", SECONDS),
            "requests": ("Requests", COUNT),
            "faults": ("Faults", COUNT),
        },
        width=12,
        height=7,
    )
