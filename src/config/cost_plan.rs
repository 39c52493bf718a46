//! The settings about costs as the room that works them out takes them.

use super::data_files::{UnreadableFile, files, text};
use super::{AccountFee, PricesSection, RegistrySection, Settings};
use crate::cost::{CostPlan, MinimumSaving, RegistryTerms, TransferPlan};
use crate::oci::InvalidRepositoryPatterns;
use crate::pricing::{AllocationRules, BookFaults, PriceBook, PriceBooks, Rule};
use crate::pulls::PullCounts;

/// Settings about costs that do not fit together, or a file of price books that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CostPlanError {
    /// A file or folder cannot be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableFile),
    /// Price books are wrong; it says which, where, and what would be right.
    #[error("{0}")]
    Books(#[from] BookFaults),
    /// A setting names something that is not there.
    #[error("{key}: {problem}")]
    Setting {
        /// The setting.
        key: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A pattern of repositories cannot be read.
    #[error(transparent)]
    Repositories(#[from] InvalidRepositoryPatterns),
}

impl Settings {
    /// The price books at hand: the shipped ones and those of `prices.books`.
    ///
    /// # Errors
    /// If a file cannot be read or is no sound price book.
    pub fn price_books(&self) -> Result<PriceBooks, CostPlanError> {
        let mut texts = Vec::new();
        for path in &self.prices.books {
            for file in files(path)? {
                texts.push((file.display().to_string(), text(&file)?));
            }
        }
        let texts = texts.iter().map(|(file, text)| (file.as_str(), text.as_str()));
        Ok(PriceBooks::shipped()?.with(texts)?)
    }

    /// What costs rest on. How often repositories were pulled is only as assumed; what was counted is in the store.
    ///
    /// # Errors
    /// If a file of price books cannot be used, or a setting names a book, a zone or a copy that is not
    /// to be had.
    pub fn cost_plan(&self) -> Result<CostPlan, CostPlanError> {
        let books = self.price_books()?;
        let mut registries = Vec::new();
        for section in &self.registries {
            registries.extend(terms(section, &self.prices, &books)?);
        }
        if let Some(book) = &self.prices.book {
            known(&books, book, "prices.book")?;
            registries.push(RegistryTerms::everywhere(book));
        }
        let (mut assumptions, mut destinations) = (Vec::new(), Vec::new());
        for section in &self.pulls {
            let (assumption, destination) = section
                .assumption()
                .map_err(|(field, problem)| wrong(format!("pulls.{field}"), problem))?;
            assumptions.push(assumption);
            destinations.push(destination);
        }
        let rules = &self.prices;
        let worth = self.worth.rule();
        same_currency(worth.minimum_saving, &registries, &books)?;
        Ok(CostPlan {
            worth,
            books,
            registries,
            allocation: AllocationRules {
                storage: rules.allocate_storage.0.clone(),
                included: rules.allocate_included.0.clone(),
                fees: rules.allocate_fees.0.clone(),
                transfer: rules.allocate_transfer.0.clone(),
            },
            transfer: TransferPlan {
                cold_share: rules.cold_share.0,
                destinations,
                bits_per_second: rules.megabits_per_second * 1_000_000,
            },
            centres: self.cost_centres()?,
            pulls: PullCounts::assuming(assumptions),
            efforts: self
                .efforts
                .iter()
                .map(super::EffortSection::rule)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// How a registry is billed; `None` if it has no price book.
fn terms(
    section: &RegistrySection,
    prices: &PricesSection,
    books: &PriceBooks,
) -> Result<Option<RegistryTerms>, CostPlanError> {
    let registry = section.url.registry();
    let key = |field: &str| format!("registry.{field} of {registry}");
    let Some(id) = section.price_book.as_ref().or(prices.book.as_ref()) else {
        return match section.money_setting() {
            Some(field) => Err(wrong(
                key(field),
                "this registry has no price book: name one by price_book, or prices.book for all",
            )),
            None => Ok(None),
        };
    };
    let editions = known(books, id, &key("price_book"))?;
    if !section.replicas.is_empty() && editions.iter().any(|book| book.replicas.is_none()) {
        return Err(wrong(
            key("replicas"),
            format!("price book `{id}` has no price for replicas; choose a plan that offers them"),
        ));
    }
    let zones = [
        (
            "moved_elsewhere",
            section.moved_elsewhere.keys().collect::<Vec<_>>(),
        ),
        ("transfer_price", section.transfer_price.keys().collect()),
    ];
    for (field, named) in zones {
        for book in &editions {
            if let Some(zone) = named.iter().find(|zone| book.zone(zone).is_none()) {
                let there: Vec<&str> = book
                    .transfer
                    .zones
                    .iter()
                    .map(|zone| zone.name.as_str())
                    .collect();
                return Err(wrong(
                    key(field),
                    format!(
                        "price book `{id}` has no zone `{zone}`; it has {}",
                        there.join(", ")
                    ),
                ));
            }
        }
    }
    let own = |rule: &Option<super::AllocationRule>, all: &Rule| {
        rule.as_ref().map_or_else(|| all.clone(), |rule| rule.0.clone())
    };
    Ok(Some(RegistryTerms {
        registries: Some(registry.clone()),
        book: id.clone(),
        replicas: section.replicas.clone(),
        seats: section.seats,
        fee_elsewhere: section.account_fee == AccountFee::Elsewhere,
        stored_elsewhere: section.stored_elsewhere.0,
        moved_elsewhere: section
            .moved_elsewhere
            .iter()
            .map(|(zone, bytes)| (zone.clone(), bytes.0))
            .collect(),
        transfer_price: section
            .transfer_price
            .iter()
            .map(|(zone, price)| (zone.clone(), price.0))
            .collect(),
        allocation: Some(AllocationRules {
            storage: own(&section.allocate_storage, &prices.allocate_storage.0),
            included: own(&section.allocate_included, &prices.allocate_included.0),
            fees: own(&section.allocate_fees, &prices.allocate_fees.0),
            transfer: own(&section.allocate_transfer, &prices.allocate_transfer.0),
        }),
    }))
}

/// Refuses a minimum saving in a currency that none of the registries with a price book is billed in, or only some.
fn same_currency(
    minimum: MinimumSaving,
    registries: &[RegistryTerms],
    books: &PriceBooks,
) -> Result<(), CostPlanError> {
    let used = books
        .iter()
        .filter(|book| registries.iter().any(|terms| terms.book == book.id));
    match used
        .into_iter()
        .find(|book| minimum.in_currency(book.currency).is_none())
    {
        None => Ok(()),
        Some(book) => Err(wrong(
            "worth.minimum_saving".to_owned(),
            format!(
                "it is in another currency than price book `{}`, which is in {}; write the amount without a currency \
                 to mean that of each price book",
                book.id, book.currency
            ),
        )),
    }
}

/// All editions of a book.
fn known<'b>(books: &'b PriceBooks, id: &str, key: &str) -> Result<Vec<&'b PriceBook>, CostPlanError> {
    books
        .editions(id)
        .map_err(|unknown| wrong(key.to_owned(), unknown.to_string()))
}

fn wrong(key: String, problem: impl Into<String>) -> CostPlanError {
    CostPlanError::Setting {
        key,
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::*;
    use std::path::Path;

    fn settings(text: &str) -> Settings {
        Settings::from_layers(Some(Path::new("tare.toml")), text, &Environment::default(), &[]).unwrap()
    }

    const ACME: &str = r#"
[prices]
book = "azure-container-registry-basic"
cold_share = 0.25
allocate_fees = "even"
[[registry]]
url = "acme.azurecr.io"
price_book = "azure-container-registry-premium"
replicas = ["westeurope"]
stored_elsewhere = "100 GiB"
moved_elsewhere = { internet = "20 TB" }
transfer_price = { internet = 0.087 }
allocate_fees = { "shop/api" = 0.5 }
[[cost_centre]]
repositories = ["shop/**"]
team = "shop"
[[pulls]]
repositories = ["shop/**"]
per_month = 1000
destinations = { internet = 0.25, same-region = 0.75 }
[[effort]]
repositories = ["**"]
days = 0.5
day_rate = "800 USD"
"#;

    #[test]
    fn a_registry_has_terms_of_its_own_and_all_others_those_of_prices() {
        let plan = settings(ACME).cost_plan().unwrap();
        let acme = plan.terms(&"acme.azurecr.io".parse().unwrap()).unwrap();
        assert_eq!(acme.book, "azure-container-registry-premium");
        assert_eq!(acme.stored_elsewhere.get(), 100 << 30);
        assert_eq!(acme.transfer_price["internet"].to_string(), "0.087");
        let rules = acme.allocation.as_ref().unwrap();
        assert!(matches!(&rules.fees, Rule::Fixed(shares) if shares.len() == 1));
        let other = plan.terms(&"other.example.com".parse().unwrap()).unwrap();
        assert_eq!(other.book, "azure-container-registry-basic");
        assert_eq!(plan.allocation.fees, Rule::Even);
        assert_eq!(plan.transfer.cold_share.get().to_string(), "0.25");
        let (registry, api) = ("acme.azurecr.io".parse().unwrap(), "shop/api".parse().unwrap());
        assert_eq!(plan.effort(&registry, &api).unwrap().days.to_string(), "0.5");
        let november = crate::pricing::Period::month(2026, 11).unwrap();
        assert_eq!(plan.pulls.pulls_in(&registry, &api, november).0, 1000);
        assert!(settings("").cost_plan().unwrap().registries.is_empty());
    }

    #[test]
    fn what_does_not_fit_together_is_refused_with_what_would() {
        for (text, said) in [
            (
                "[prices]\nbook = \"azure\"\n",
                "prices.book: there is no price book `azure`; did you mean `azure-container-registry-basic`? All price books: aws-ecr, ",
            ),
            (
                "[[registry]]\nurl = \"x.example.com\"\nprice_book = \"digitalocean-basic\"\nreplicas = [\"eu\"]\n",
                "registry.replicas of x.example.com: price book `digitalocean-basic` has no price for replicas",
            ),
            (
                "[[registry]]\nurl = \"x.example.com\"\nprice_book = \"aws-ecr\"\ntransfer_price = { moon = 1 }\n",
                "registry.transfer_price of x.example.com: price book `aws-ecr` has no zone `moon`; it has ",
            ),
            (
                "[[registry]]\nurl = \"x.example.com\"\nreplicas = [\"eu\"]\n",
                "registry.replicas of x.example.com: this registry has no price book: name one by price_book",
            ),
            (
                "[prices]\nbook = \"aws-ecr\"\n[worth]\nminimum_saving = \"5 EUR\"\n",
                "worth.minimum_saving: it is in another currency than price book `aws-ecr`, which is in USD; write the \
                 amount without a currency",
            ),
            ("[prices]\nbooks = [\"none.toml\"]\n", "cannot read none.toml: "),
        ] {
            let error = settings(text).cost_plan().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
