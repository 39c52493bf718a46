"""What the dashboards share: datasources, variables, and one function for each kind of panel.

Every panel is made with a title, a description and a unit, because those functions ask for them.
"""

from grafana_foundation_sdk.builders import bargauge, barchart, common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog import builder as cog
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as prometheus_models
from grafana_foundation_sdk.models import units

PROMETHEUS = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
POSTGRES = models.DataSourceRef(type_val="grafana-postgresql-datasource", uid="${datasource}")

BYTES = units.BytesIEC
DOLLARS = units.Dollars
COUNT = units.Short
RATIO = units.PercentUnit
SECONDS = units.Seconds
AGO = units.DateTimeFromNow

# Whom a figure is about: replicas tell the same, so every query brings them down to one by max.
OWN = 'job=~"$job", instance=~"$instance"'
REGISTRY = f'{OWN}, registry=~"$registry"'


class Sql(Dataquery):
    """A query of Grafana's PostgreSQL datasource, which the SDK has no builder for."""

    def __init__(self, query: str, as_series: bool, ref_id: str):
        self.query = query
        self.as_series = as_series
        self.ref_id = ref_id

    def build(self) -> "Sql":
        return self

    def to_json(self) -> dict[str, object]:
        return {
            "refId": self.ref_id,
            "datasource": POSTGRES,
            "editorMode": "code",
            "format": "time_series" if self.as_series else "table",
            "rawQuery": True,
            "rawSql": self.query,
        }


def over_time(expression: str, legend: str, ref_id: str) -> cog.Builder:
    query = prometheus.Dataquery().expr(expression).range().legend_format(legend).ref_id(ref_id)
    return query.editor_mode(prometheus_models.QueryEditorMode.CODE).datasource(PROMETHEUS)


def now(expression: str, legend: str, ref_id: str, as_table: bool = False) -> cog.Builder:
    query = prometheus.Dataquery().expr(expression).instant().legend_format(legend).ref_id(ref_id)
    if as_table:
        query = query.format(prometheus_models.PromQueryFormat.TABLE)
    return query.editor_mode(prometheus_models.QueryEditorMode.CODE).datasource(PROMETHEUS)


def steps(*colours: tuple[float | None, str]) -> cog.Builder:
    """Thresholds: a colour from each value on, the first from everywhere."""
    thresholds = [models.Threshold(value=value, color=colour) for value, colour in colours]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(thresholds)


# The address of Tare's page, with a slash at its end, as the browser reaches it.
PAGE = "${page}"

PLAIN = steps((None, "text"))
LAST = common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def stat_panel(title, description, unit, target, thresholds=PLAIN, decimals=None, width=4, graph=False):
    panel = stat.Panel().title(title).description(description).unit(unit).with_target(target)
    panel = panel.reduce_options(LAST).thresholds(thresholds).height(4).span(width).no_value("–")
    panel = panel.graph_mode(
        common_models.BigValueGraphMode.AREA if graph else common_models.BigValueGraphMode.NONE
    )
    return panel if decimals is None else panel.decimals(decimals)


def series_panel(title, description, unit, targets, width=12, stacked=False, from_zero=True, height=8):
    panel = timeseries.Panel().title(title).description(description).unit(unit).targets(targets)
    panel = panel.height(height).span(width).thresholds(PLAIN).line_width(2).show_points(common_models.VisibilityMode.NEVER)
    panel = panel.fill_opacity(30 if stacked else 0)
    panel = panel.tooltip(
        common.VizTooltipOptions()
        .mode(common_models.TooltipDisplayMode.MULTI)
        .sort(common_models.SortOrder.DESCENDING)
    )
    panel = panel.legend(
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(common_models.LegendDisplayMode.TABLE)
        .placement(common_models.LegendPlacement.BOTTOM)
        .calcs(["lastNotNull", "max"])
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    return panel.axis_soft_min(0) if from_zero else panel


def bars_panel(title, description, unit, targets, width=12, height=10):
    panel = bargauge.Panel().title(title).description(description).unit(unit).targets(targets)
    panel = panel.height(height).span(width).orientation(common_models.VizOrientation.HORIZONTAL)
    panel = panel.display_mode(common_models.BarGaugeDisplayMode.BASIC).reduce_options(LAST)
    return panel.thresholds(steps((None, "blue"))).min(0).no_value("–")


def columns_panel(title, description, unit, target, x, width=12, height=8, stacked=False):
    panel = barchart.Panel().title(title).description(description).unit(unit).with_target(target)
    panel = panel.height(height).span(width).x_field(x).thresholds(PLAIN).fill_opacity(80)
    panel = panel.show_value(common_models.VisibilityMode.NEVER).x_tick_label_max_length(30)
    panel = panel.legend(
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .calcs([])
    )
    if stacked:
        panel = panel.stacking(common_models.StackingMode.NORMAL)
    return panel


def table_panel(title, description, targets, columns, width=24, height=10, merged=False, footer=None, sort=None):
    """A table. `columns` has, by the field's name, the column's name and its unit or None for text."""
    panel = table.Panel().title(title).description(description).targets(targets).unit(COUNT)
    panel = panel.height(height).span(width).thresholds(PLAIN).filterable(True).show_header(True)
    if merged:
        panel = panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    order = {field: index for index, field in enumerate(columns)}
    panel = panel.with_transformation(
        models.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": "Time" not in columns},
                "indexByName": order,
                "renameByName": {field: name for field, (name, _) in columns.items()},
            },
        )
    )
    names = [name for name, _ in columns.values()]
    for name, unit in columns.values():
        properties = [models.DynamicConfigValue(id_val="unit", value=unit)] if unit is not None else []
        if target := page_link(name, names):
            links = [{"title": "Open in Tare", "url": target, "targetBlank": True}]
            properties.append(models.DynamicConfigValue(id_val="links", value=links))
        if properties:
            panel = panel.override_by_name(name, properties)
    if footer:
        panel = panel.footer(
            common.TableFooterOptions().show(True).reducer(["sum"]).fields(footer).count_rows(False)
        )
    if sort:
        panel = panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(True)])
    return panel


def page_link(name: str, names: list[str]) -> str | None:
    """Where Tare's page shows what a cell names."""

    def value(field):
        return f"${{__data.fields[\"{field}\"]:percentencode}}"

    if name == "Repository" and "Registry" in names:
        return f"{PAGE}?view=repository&of={value('Registry')}&repository={value('Repository')}"
    targets = {"Registry": "registry", "Team": "view=repositories&team", "Cost centre": "view=repositories&cost_centre"}
    return f"{PAGE}?{targets[name]}={value(name)}" if name in targets else None


def datasource_variable(kind: str, description: str, title: str, uid: str):
    """Which datasource the dashboard reads; the provisioned one by default."""
    variable = dashboard.DatasourceVariable("datasource").label("Data source").description(description)
    return variable.type(kind).current(models.VariableOption(text=title, value=uid))


def label_variable(name: str, label: str, description: str, query: str):
    """A choice among a label's values; all of them by default."""
    variable = dashboard.QueryVariable(name).label(label).description(description)
    return everything(variable.query(query).datasource(PROMETHEUS))


def sql_variable(name: str, label: str, description: str, query: str):
    """A choice among a column's values; all of them by default."""
    variable = dashboard.QueryVariable(name).label(label).description(description).query(query)
    return everything(variable.datasource(POSTGRES))


def page_variable():
    """Where links lead. Grafana cannot know the address at which browsers reach Tare."""
    variable = dashboard.TextBoxVariable("page").label("Tare's page")
    variable = variable.description("The address of Tare's page, with a slash at its end. Links in tables lead there.")
    address = "http://localhost:8080/"
    return variable.default_value(address).current(models.VariableOption(text=address, value=address))


def everything(variable):
    variable = variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).multi(True).include_all(True)
    variable = variable.sort(models.VariableSort.ALPHABETICAL_ASC)
    return variable.current(models.VariableOption(text=["All"], value=["$__all"]))


def prometheus_variables(builder, per_registry: bool):
    builder = builder.with_variable(
        datasource_variable("prometheus", "The Prometheus that scrapes Tare.", "Tare (Prometheus)", "tare-prometheus")
    )
    builder = builder.with_variable(
        label_variable("job", "Job", "Prometheus' job.", "label_values(tare_build_info, job)")
    )
    builder = builder.with_variable(
        label_variable(
            "instance", "Instance", "The replica of Tare.", 'label_values(tare_build_info{job=~"$job"}, instance)'
        )
    )
    if per_registry:
        builder = builder.with_variable(
            label_variable(
                "registry",
                "Registry",
                "The container registry.",
                'label_values(tare_registry_as_of_timestamp_seconds{job=~"$job"}, registry)',
            )
        )
    return builder.with_variable(page_variable())


def tare_dashboard(uid: str, title: str, description: str, period: str, refresh: str):
    builder = dashboard.Dashboard(title).uid(uid).description(description).tags(["tare"]).readonly()
    builder = builder.timezone("utc").time(period, "now").refresh(refresh)
    builder = builder.tooltip(models.DashboardCursorSync.CROSSHAIR)
    builder = builder.annotations([]).link(
        dashboard.DashboardLink("Open Tare")
        .type(models.DashboardLinkType.LINK)
        .url(PAGE)
        .icon("external link")
        .target_blank(True)
        .tooltip("The page of Tare, with the reasons for each figure")
    )
    return builder.link(
        dashboard.DashboardLink("Tare")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags(["tare"])
        .as_dropdown(True)
        .include_vars(False)
        .keep_time(False)
        .tooltip("The other dashboards of Tare")
    )
