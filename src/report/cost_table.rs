//! What registries and repositories cost, for people.

use std::fmt::Write;

use rust_decimal::Decimal;

use super::cells::grouped;
use super::cost::{RegistryCost, RepositoryCost};
use super::document::{Others, RegistryRow, Report, RepositoryRow};
use super::group_cost::GroupCost;
use super::rows::{REPOSITORY, Rows};
use super::text_table::Column;
use crate::cost::MoneyEstimate;
use crate::oci::text::printable;
use crate::pricing::CheaperPlan;
use crate::units::{Currency, Money, round_rows, two_digits};
use crate::wording::wrapped;

/// What the columns mean.
pub(super) const LEGEND: &str = "\n\
     Month: a whole calendar month at today's level, with a part of the flat fees; this column adds up to the \
     registry's. Saves: its part of the registry's saving if all that should switch do. Likely: the range by image \
     sizes, if pulls are as counted or assumed. Alone: saved if only this repository switches. Estimated from list \
     prices or your own, not an invoice.\n";

/// What a registry costs, what it would cost on Alpine, how a unit is priced, and which plan would be cheaper.
pub(super) fn in_words(cost: &RegistryCost, width: usize) -> String {
    let book = &cost.price_book;
    let mut text = format!(
        "Costs: {} in {} at this level, by the price book {} ({}): {} flat, {} for storage, {} for transfer.",
        cost.parts.total,
        cost.period.start().format("%B %Y"),
        book.id,
        book.version,
        cost.parts.fee,
        cost.parts.storage,
        cost.parts.transfer,
    );
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        " One more {} would cost {}",
        cost.unit,
        exact(cost.one_more_unit)
    );
    if let Some(average) = cost.average_unit {
        let _ = write!(text, ", the average costs {}", exact(average));
    }
    text.push('.');
    if let Some(alpine) = &cost.alpine {
        let _ = write!(text, " On Alpine it would be {}", alpine.month.expected);
        match &alpine.nothing_saved_because {
            Some(because) => {
                let _ = write!(text, ": nothing is saved, because {because}.");
            }
            None => {
                let _ = write!(
                    text,
                    ", {} less ({}).",
                    alpine.saving.expected,
                    saving_range(cost, alpine.saving),
                );
            }
        }
    }
    text.push_str(&cheaper(cost));
    wrapped(&text, width) + "\n"
}

/// What is saved as a range, and on what it depends beside the image sizes.
pub(super) fn saving_range(cost: &RegistryCost, saving: MoneyEstimate) -> String {
    let share = cost.pulls.assumed_pulls_share.unwrap_or_default();
    if share.is_zero() {
        return format!("likely {}", likely(saving));
    }
    let percent = two_digits(share * Decimal::ONE_HUNDRED);
    format!(
        "{} if pulls are as assumed; {percent} % of the cost rests on them",
        likely(saving)
    )
}

/// Which plan would be cheaper, now and on Alpine, in sentences after a space; empty where none is.
pub(super) fn cheaper(cost: &RegistryCost) -> String {
    let without = |plan: &CheaperPlan| match &plan.features_lost[..] {
        [] => String::new(),
        lost => format!(", without {}", lost.join(", ")),
    };
    match (&cost.cheaper_plan, &cost.cheaper_plan_on_alpine) {
        (Some(now), Some(then)) if now.book == then.book => format!(
            " A cheaper plan is enough: {} costs {} less now and {} less on Alpine{}.",
            now.book,
            now.saving,
            then.saving,
            without(now)
        ),
        (now, then) => [(now, "now"), (then, "on Alpine")]
            .into_iter()
            .filter_map(|(plan, when)| Some((plan.as_ref()?, when)))
            .map(|(plan, when)| {
                let (book, saving) = (&plan.book, plan.saving);
                format!(
                    " A cheaper plan is enough {when}: {book} costs {saving} less{}.",
                    without(plan)
                )
            })
            .collect(),
    }
}

/// The repositories' costs, below those of the registries. Amounts are rounded so that the rows of a currency
/// add up to what they add up to exactly, rounded.
pub(super) fn rows(report: &Report, width: usize) -> String {
    let name_registry = report.registries.len() > 1;
    let columns = [
        REPOSITORY,
        Column::text("TEAM").shortened_to(16).optional(4),
        Column::number("MONTH"),
        Column::number("STORAGE").optional(6),
        Column::number("TRANSFER").optional(5),
        Column::number("SAVES"),
        Column::number("LIKELY").optional(2),
        Column::number("ALONE").optional(3),
        Column::number("PAYBACK").optional(1),
    ];
    let mut table = Rows::new(&columns, name_registry);
    for registry in &report.registries {
        if let Some(cost) = &registry.cost {
            let cells = registry_cells(registry, cost);
            table.add(registry.registry.as_str(), cells);
        }
    }
    let lines = Lines::new(report);
    let (months, savings) = (rounded(&lines.months), rounded(&lines.savings));
    for ((line, month), saving) in lines.lines.iter().zip(months).zip(savings) {
        let saving = saving.map(amount).unwrap_or_default();
        table.add(
            line.registry,
            line.cells(month.unwrap_or(line.month).to_string(), saving),
        );
    }
    table.text(width)
}

/// The rows below those of the registries, whose months add up to the registries'.
pub(super) struct Lines<'r> {
    pub(super) lines: Vec<Line<'r>>,
    pub(super) months: Vec<Option<Money>>,
    pub(super) savings: Vec<Option<Money>>,
}

/// One row.
pub(super) struct Line<'r> {
    pub(super) registry: &'r str,
    pub(super) month: Money,
    pub(super) kind: LineKind<'r>,
}

/// What a row is about.
pub(super) enum LineKind<'r> {
    /// A repository.
    Repository(&'r RepositoryRow, &'r RepositoryCost),
    /// The repositories without a row of their own, and their cost in one currency.
    Others(&'r Others, &'r GroupCost),
    /// The part of a bill that is allocated to no repository.
    Unallocated,
}

impl<'r> Lines<'r> {
    pub(super) fn new(report: &'r Report) -> Self {
        let mut lines = Self {
            lines: Vec::new(),
            months: Vec::new(),
            savings: Vec::new(),
        };
        for row in &report.repositories {
            if let Some(cost) = &row.cost {
                let saving = cost.alpine.as_ref().map(|alpine| alpine.joint_saving.expected);
                lines.add(
                    row.registry.as_str(),
                    cost.parts.total,
                    saving,
                    LineKind::Repository(row, cost),
                );
            }
        }
        if let Some(others) = &report.others {
            for cost in &others.costs {
                let kind = LineKind::Others(others, cost);
                lines.add("", cost.parts.total, Some(cost.saving), kind);
            }
        }
        for registry in &report.registries {
            let unallocated = registry.cost.as_ref().map(|cost| cost.unallocated);
            if let Some(unallocated) = unallocated.filter(|amount| !amount.is_zero()) {
                lines.add(
                    registry.registry.as_str(),
                    unallocated,
                    None,
                    LineKind::Unallocated,
                );
            }
        }
        lines
    }

    fn add(&mut self, registry: &'r str, month: Money, saving: Option<Money>, kind: LineKind<'r>) {
        self.lines.push(Line {
            registry,
            month,
            kind,
        });
        self.months.push(Some(month));
        self.savings.push(saving);
    }
}

impl Line<'_> {
    fn cells(&self, month: String, saving: String) -> Vec<String> {
        match self.kind {
            LineKind::Repository(row, cost) => repository_cells(row, cost, month, saving),
            LineKind::Others(others, cost) => vec![
                format!("other {} repositories", grouped(others.repositories)),
                String::new(),
                month,
                amount(cost.parts.storage),
                amount(cost.parts.transfer),
                saving,
            ],
            LineKind::Unallocated => vec!["unallocated".to_owned(), String::new(), month],
        }
    }
}

fn registry_cells(registry: &RegistryRow, cost: &RegistryCost) -> Vec<String> {
    let saving = cost.alpine.as_ref().map(|alpine| alpine.saving);
    vec![
        format!("all {} repositories", grouped(registry.totals.repositories)),
        String::new(),
        cost.parts.total.to_string(),
        amount(cost.parts.storage),
        amount(cost.parts.transfer),
        saving.map(|saving| amount(saving.expected)).unwrap_or_default(),
        saving.map(likely).unwrap_or_default(),
        String::new(),
        String::new(),
    ]
}

fn repository_cells(
    row: &RepositoryRow,
    cost: &RepositoryCost,
    month: String,
    saving: String,
) -> Vec<String> {
    let alpine = cost.alpine.as_ref();
    vec![
        printable(row.totals.repository.as_str()),
        printable(row.labels.team.as_deref().unwrap_or_default()),
        month,
        amount(cost.parts.storage),
        amount(cost.parts.transfer),
        saving,
        alpine
            .map(|alpine| likely(alpine.joint_saving))
            .unwrap_or_default(),
        alpine
            .map(|alpine| amount(alpine.solo_saving.expected))
            .unwrap_or_default(),
        payback(cost),
    ]
}

/// After how long the saving has paid for the work; empty where that is not known.
pub(super) fn payback(cost: &RepositoryCost) -> String {
    let alpine = cost.alpine.as_ref();
    let payback = alpine.and_then(|alpine| alpine.payback_months.clone());
    let payback = payback.map(|months| match months.parse::<rust_decimal::Decimal>() {
        Ok(_) => format!("{months} months"),
        Err(_) => months,
    });
    payback.unwrap_or_default()
}

/// The amounts of a column as rows show them: rounded so that those of a currency add up to their rounded sum.
pub(super) fn rounded(exact: &[Option<Money>]) -> Vec<Option<Money>> {
    let mut shown = exact.to_vec();
    let mut currencies: Vec<Currency> = exact.iter().flatten().map(|amount| amount.currency()).collect();
    currencies.sort_by_key(|currency| currency.code());
    currencies.dedup();
    for currency in currencies {
        let (places, amounts): (Vec<usize>, Vec<Money>) = exact
            .iter()
            .enumerate()
            .filter_map(|(place, amount)| Some((place, (*amount)?)))
            .filter(|(_, amount)| amount.currency() == currency)
            .unzip();
        // Amounts too large to be rounded together are rounded one by one.
        for (place, amount) in places.into_iter().zip(round_rows(&amounts).unwrap_or(amounts)) {
            shown[place] = Some(amount);
        }
    }
    shown
}

/// The range of an amount.
pub(super) fn likely(estimate: MoneyEstimate) -> String {
    format!("{:#} to {:#}", estimate.low, estimate.high)
}

/// An amount without its currency, which the first amount of the row has.
pub(super) fn amount(money: Money) -> String {
    format!("{money:#}")
}

/// A price, of which fractions of a cent matter.
fn exact(price: Money) -> String {
    format!("{} {}", price.amount().round_dp(4).normalize(), price.currency())
}
