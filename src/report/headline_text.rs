//! The words of a headline.

use rust_decimal::Decimal;

use super::cells::grouped;
use super::headline::{Advice, Headline, HeadlineCost, HeadlinePlan, OldestImage};
use crate::cost::Worth;
use crate::oci::RegistryName;
use crate::oci::text::printable;
use crate::units::{ByteCount, Money, two_digits};

/// The share of a bill on assumed pulls from which the headline says so. Our choice: less changes no advice.
const NOTABLE_SHARE: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// The headline if every registry is left out.
const ALL_LEFT_OUT: &str = "No registry has figures: the manifests of each claim sizes that no registry can have, so all are \
                            left out. See the faults of their last crawls.";

/// The headline in words: what to move, what not, what is cheaper without a move, and what the figures rest on.
pub(super) fn text(headline: &Headline) -> String {
    let mut sentences = vec![match headline.advice {
        Advice::NothingStored => "Nothing is stored yet: run tare crawl.".to_owned(),
        Advice::AllLeftOut => ALL_LEFT_OUT.to_owned(),
        Advice::NothingToMove => {
            "Nothing to move: no repository would surely get smaller on Alpine.".to_owned()
        }
        Advice::NothingWorthIt => nothing_worth_it(headline),
        Advice::Move => moves(headline),
    }];
    if headline.advice == Advice::Move && headline.not_worth_it > 0 {
        sentences.push(match headline.not_worth_it {
            1 => "1 more would get smaller and is not worth it.".to_owned(),
            more => format!("{} more would get smaller and are not worth it.", grouped(more)),
        });
    }
    let has_stored = !matches!(headline.advice, Advice::NothingStored | Advice::AllLeftOut);
    if headline.costs.is_empty() && has_stored {
        sentences.push("No costs are known: a price book would tell what is worth it.".to_owned());
    } else if headline.without_costs > 0 {
        sentences.push(match headline.without_costs {
            1 => "1 of them is in a registry without a price book, so its worth is unknown.".to_owned(),
            more => format!(
                "{} of them are in registries without a price book, so their worth is unknown.",
                grouped(more)
            ),
        });
    }
    sentences.extend(cheaper(&headline.cheaper_plans));
    sentences.extend(assumed(headline));
    if !headline.complete && has_stored {
        sentences.push("The totals are incomplete: run tare crawl again.".to_owned());
    }
    sentences.join(" ")
}

/// `Move 8 repositories: 760 of 880 USD a month, about 4 working days, paid back in 3.9 months.`
fn moves(headline: &Headline) -> String {
    let mut parts = Vec::new();
    let moved: Vec<&HeadlineCost> = headline
        .costs
        .iter()
        .filter(|cost| count(cost, Worth::WorthIt) > 0)
        .collect();
    if !moved.is_empty() {
        let savings = moved.iter().map(|cost| saving(cost)).collect();
        parts.push(format!("{} a month", list(savings)));
    }
    if headline.without_costs == headline.repositories {
        let freed = ByteCount::try_from(headline.saving_bytes).unwrap_or_default();
        parts.push(match freed {
            ByteCount::ZERO => "nothing would be freed".to_owned(),
            freed => format!(
                "{} of {} would be freed",
                freed.approximate(),
                headline.stored_bytes.approximate()
            ),
        });
    }
    let works: Option<Vec<_>> = moved.iter().map(|cost| cost.work).collect();
    if let Some(works) = works.filter(|works| !works.is_empty()) {
        let days: Decimal = works.iter().map(|work| work.days).sum();
        let days = two_digits(days);
        let unit = if days == Decimal::ONE { "day" } else { "days" };
        parts.push(format!("about {days} working {unit}"));
    }
    let paybacks: Vec<String> = moved
        .iter()
        .filter_map(|cost| {
            let months = cost.payback_months.as_ref()?.parse::<Decimal>().ok()?;
            let unit = if months == Decimal::ONE { "month" } else { "months" };
            let currency = match moved.len() {
                1 => String::new(),
                _ => format!(" ({})", cost.month.currency()),
            };
            Some(format!("{} {unit}{currency}", two_digits(months)))
        })
        .collect();
    if !paybacks.is_empty() {
        parts.push(format!("paid back in {}", list(paybacks)));
    }
    let repositories = match headline.repositories {
        1 => "1 repository".to_owned(),
        more => format!("{} repositories", grouped(more)),
    };
    format!("Move {repositories}: {}.", parts.join(", "))
}

/// `760 of 880 USD`, or `760 USD` if nothing else would save anything.
fn saving(cost: &HeadlineCost) -> String {
    let (worth_it, all) = (cost.worth_it_saving, cost.saving);
    let number = worth_it.approximate_number();
    if all.amount() > worth_it.amount() && all.approximate_number() != number {
        format!("{number} of {}", all.approximate())
    } else {
        worth_it.approximate()
    }
}

/// Why none of those that could move is worth it.
fn nothing_worth_it(headline: &Headline) -> String {
    let subject = match headline.not_worth_it {
        1 => "1 repository would get smaller".to_owned(),
        more => format!("{} repositories would get smaller", grouped(more)),
    };
    let because = headline
        .costs
        .iter()
        .find_map(|cost| cost.nothing_saved_because.as_deref())
        .filter(|_| headline.costs.len() == 1);
    if let Some(because) = because {
        return format!("Nothing is worth moving: {subject}, but nothing is saved, because {because}.");
    }
    let savings: Vec<String> = headline
        .costs
        .iter()
        .map(|cost| cost.saving.approximate())
        .collect();
    let sum = |worth| -> usize { headline.costs.iter().map(|cost| count(cost, worth)).sum() };
    let reasons: Vec<String> = [
        (Worth::SavesNothing, "would save nothing"),
        (Worth::SavesTooLittle, "would save too little"),
        (Worth::PaysBackTooLate, "would pay back too late"),
    ]
    .into_iter()
    .filter(|&(worth, _)| sum(worth) > 0)
    .map(|(worth, words)| format!("{} {words}", grouped(sum(worth))))
    .collect();
    format!(
        "Nothing is worth moving: {subject} and save {} a month in all ({}).",
        list(savings),
        reasons.join(", ")
    )
}

fn count(cost: &HeadlineCost, worth: Worth) -> usize {
    cost.worth.get(worth).map_or(0, |sum| sum.repositories)
}

/// Plans that cost less as things are. Fees are known exactly, so all digits are shown.
fn cheaper(plans: &[HeadlinePlan]) -> Option<String> {
    let named: Vec<String> = plans
        .iter()
        .map(|HeadlinePlan { registry, plan }| {
            let name = plan.title.rsplit(", ").next().unwrap_or(&plan.title);
            let of = match plans.len() {
                1 => String::new(),
                _ => format!(" for {registry}"),
            };
            let lost = match &plan.features_lost[..] {
                [] => String::new(),
                [one] => format!(" (without {})", printable(one)),
                lost => format!(" (it lacks {} features of today's plan)", grouped(lost.len())),
            };
            format!("plan {}{of}, {} a month{lost}", printable(name), plan.saving)
        })
        .collect();
    (!named.is_empty()).then(|| format!("Cheaper without any work: {}.", named.join("; ")))
}

/// When the saving arrives, with the oldest image that is kept.
pub(super) fn arrival(costs: &[HeadlineCost], oldest: Option<&OldestImage>) -> String {
    let amounts = |of: fn(&HeadlineCost) -> Money| {
        let amounts: Vec<String> = costs.iter().map(of).map(Money::approximate).collect();
        match &amounts[..] {
            [] => String::new(),
            _ => format!(" ({} a month)", list(amounts)),
        }
    };
    let kept = oldest.map_or_else(String::new, |image| {
        format!(
            "; the oldest image kept today was built on {} in {}",
            image.built.date_naive(),
            printable(image.repository.as_str())
        )
    });
    format!(
        "The saving arrives step by step. Transfer{}: as teams deploy. Storage{}: when the tags of before are deleted{kept}. \
         Until then, old and new images are stored.",
        amounts(|cost| cost.transfer_saving),
        amounts(|cost| cost.storage_saving),
    )
}

/// How much of the bill rests on assumed pulls, and how to count pulls.
fn assumed(headline: &Headline) -> Option<String> {
    let costs = &headline.costs;
    let shares: Vec<String> = costs
        .iter()
        .filter_map(|cost| {
            let share = cost.assumed_pulls_share.filter(|share| *share >= NOTABLE_SHARE)?;
            let percent = two_digits(share * Decimal::ONE_HUNDRED);
            let bill = match costs.len() {
                1 => "the bill".to_owned(),
                _ => format!("the bill in {}", cost.month.currency()),
            };
            Some(format!("{percent} % of {bill}"))
        })
        .collect();
    let verb = if shares.len() == 1 { "rests" } else { "rest" };
    let registry = headline.assumed_pulls_registry.as_ref();
    (!shares.is_empty()).then(|| {
        format!(
            "This holds if pulls are as assumed: {} {verb} on them. First count them: import a pull log (tare pulls \
             import --registry {} FILE) or let the registry send notifications.",
            list(shares),
            registry.map_or("REGISTRY", RegistryName::as_str)
        )
    })
}

/// `a`, `a and b`, `a, b and c`.
fn list(mut items: Vec<String>) -> String {
    match items.pop() {
        None => String::new(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
    }
}
