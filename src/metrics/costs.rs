//! Metrics of the costs of whole registries, and of their price books.

use chrono::{Days, NaiveTime};
use prometheus::proto::MetricFamily;

use super::family::{Family, MoneyFamily, timestamp};
use super::figures::{Amount, Component};
use crate::report::{RegistryCost, RegistryRow, Report};

const COMPONENTS: &[Component<RegistryCost>] = &[
    Component {
        name: "fee",
        of: |cost| Some(cost.parts.fee),
    },
    Component {
        name: "storage",
        of: |cost| Some(cost.parts.storage),
    },
    Component {
        name: "transfer",
        of: |cost| Some(cost.parts.transfer),
    },
];

const AMOUNTS: &[Amount<RegistryCost>] = &[
    Amount {
        name: "monthly_unallocated_cost",
        help: "The part of tare_registry_monthly_cost that is allocated to no repository.",
        of: |cost| Some(cost.unallocated),
    },
    Amount {
        name: "monthly_included_worth",
        help: "Value of the plan's quota and free allowances in a whole calendar month.",
        of: |cost| Some(cost.included_worth),
    },
    Amount {
        name: "untagged_monthly_saving",
        help: "Reduction of the cost of a whole calendar month if all untagged content were deleted.",
        of: |cost| Some(cost.clean_up.as_ref()?.saving),
    },
    Amount {
        name: "alpine_monthly_cost",
        help: "Modelled cost of a whole calendar month if all recommended repositories switched to Alpine: best estimate.",
        of: |cost| Some(cost.alpine.as_ref()?.month.expected),
    },
    Amount {
        name: "alpine_monthly_cost_low",
        help: "Modelled cost of a whole calendar month if all recommended repositories switched to Alpine: lower bound, if pulls are as counted or assumed.",
        of: |cost| Some(cost.alpine.as_ref()?.month.low),
    },
    Amount {
        name: "alpine_monthly_cost_high",
        help: "Modelled cost of a whole calendar month if all recommended repositories switched to Alpine: upper bound, if pulls are as counted or assumed.",
        of: |cost| Some(cost.alpine.as_ref()?.month.high),
    },
    Amount {
        name: "monthly_saving",
        help: "Modelled saving in a whole calendar month if all recommended repositories switch to Alpine: best estimate.",
        of: |cost| Some(cost.alpine.as_ref()?.saving.expected),
    },
    Amount {
        name: "monthly_saving_low",
        help: "Modelled saving in a whole calendar month if all recommended repositories switch to Alpine: lower bound, if pulls are as counted or assumed.",
        of: |cost| Some(cost.alpine.as_ref()?.saving.low),
    },
    Amount {
        name: "monthly_saving_high",
        help: "Modelled saving in a whole calendar month if all recommended repositories switch to Alpine: upper bound, if pulls are as counted or assumed.",
        of: |cost| Some(cost.alpine.as_ref()?.saving.high),
    },
    Amount {
        name: "monthly_worth_it_saving",
        help: "Modelled saving in a whole calendar month if only the repositories switch to Alpine that are worth it: best estimate.",
        of: |cost| Some(cost.alpine.as_ref()?.worth_it_saving.expected),
    },
    Amount {
        name: "monthly_assumed_transfer_cost",
        help: "The part of tare_registry_monthly_cost that rests on assumed pulls.",
        of: |cost| Some(cost.pulls.assumed_transfer),
    },
];

/// All metrics of registries' costs.
pub(super) fn families(report: &Report) -> Vec<MetricFamily> {
    let mut families = books(report);
    families.extend(components(report).finish());
    families.extend(AMOUNTS.iter().flat_map(|amount| {
        let mut family = MoneyFamily::new(format!("tare_registry_{}", amount.name), amount.help);
        for (row, cost) in priced(report) {
            if let Some(value) = (amount.of)(cost) {
                family.set(&[("registry", row.registry.as_str())], value);
            }
        }
        family.finish()
    }));
    families.extend(unit_prices(report).finish());
    families.extend(forecasts(report));
    families
}

/// What all registries together are expected to cost in the next months, which are counted from 1.
fn forecasts(report: &Report) -> impl Iterator<Item = MetricFamily> {
    let mut expected = MoneyFamily::new(
        "tare_monthly_cost_forecast",
        "Expected cost of a coming calendar month for all registries together: best estimate.",
    );
    let mut low = MoneyFamily::new(
        "tare_monthly_cost_forecast_low",
        "Expected cost of a coming calendar month for all registries together: lower bound.",
    );
    let mut high = MoneyFamily::new(
        "tare_monthly_cost_forecast_high",
        "Expected cost of a coming calendar month for all registries together: upper bound.",
    );
    let months = report.forecast.iter().flat_map(|forecast| &forecast.months);
    for (month, ahead) in months.zip(1_u32..) {
        let ahead = ahead.to_string();
        let labels = [("months_ahead", ahead.as_str())];
        expected.set(&labels, month.expected);
        low.set(&labels, month.low);
        high.set(&labels, month.high);
    }
    expected.finish().chain(low.finish()).chain(high.finish())
}

fn priced(report: &Report) -> impl Iterator<Item = (&RegistryRow, &RegistryCost)> {
    report
        .registries
        .iter()
        .filter_map(|row| Some((row, row.cost.as_ref()?)))
}

fn components(report: &Report) -> MoneyFamily {
    let mut family = MoneyFamily::new(
        "tare_registry_monthly_cost",
        "Modelled cost of a whole calendar month at the level of the last crawl; a model of the invoice, not an invoice.",
    );
    for (row, cost) in priced(report) {
        for component in COMPONENTS {
            if let Some(value) = (component.of)(cost) {
                let labels = [("registry", row.registry.as_str()), ("component", component.name)];
                family.set(&labels, value);
            }
        }
    }
    family
}

fn unit_prices(report: &Report) -> MoneyFamily {
    let mut family = MoneyFamily::new(
        "tare_registry_monthly_unit_price",
        "Cost of one more unit stored throughout a calendar month at the current level.",
    );
    for (row, cost) in priced(report) {
        let labels = [("registry", row.registry.as_str()), ("unit", cost.unit.as_str())];
        family.set(&labels, cost.one_more_unit);
    }
    family
}

/// The price book of each registry, and until when its prices are known to be valid.
fn books(report: &Report) -> Vec<MetricFamily> {
    let mut info = Family::new("tare_price_book_info", "The price book of a registry; always 1.");
    let mut expiry = Family::new(
        "tare_price_book_expiry_timestamp_seconds",
        "The end of the last day for which the price book's prices are known to be valid.",
    );
    for (row, cost) in priced(report) {
        let registry = ("registry", row.registry.as_str());
        let book = &cost.price_book;
        let id = ("price_book", book.id.as_str());
        let version = ("version", book.version.as_str());
        info.set(&[registry, id, version, ("currency", book.currency.code())], 1.0);
        // A date without a next day never arrives.
        if let Some(end) = book.valid_until.checked_add_days(Days::new(1)) {
            expiry.set(&[registry, id], timestamp(end.and_time(NaiveTime::MIN).and_utc()));
        }
    }
    [info, expiry].into_iter().filter_map(Family::finish).collect()
}
