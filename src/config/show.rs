//! The settings in force, as a configuration file would say them.

use std::fmt::Write;

use toml::Table;

use super::layers::Origins;
use super::problem::Origin;
use super::section::{Section, Shape};
use super::{
    AlpineSection, BudgetSection, CostCentreSection, CrawlSection, EffortSection, ExportSection, LogSection,
    MetricsSection, OidcSection, PricesSection, PullsSection, RegistrySection, RetentionSection,
    ServeSection, Settings, StoreSection, VerdictSection,
};

impl Settings {
    /// The settings in force as TOML, each with where it comes from; secrets are masked.
    pub fn show(&self) -> String {
        let mut text = match &self.origins.file {
            Some(file) => format!(
                "# Settings in force, with where each comes from. File: {}\n",
                file.display()
            ),
            None => "# Settings in force, with where each comes from. There is no configuration file.\n"
                .to_owned(),
        };
        section::<StoreSection>(&mut text, &self.store, &self.origins.store);
        section::<CrawlSection>(&mut text, &self.crawl, &self.origins.crawl);
        section::<RetentionSection>(&mut text, &self.retention, &self.origins.retention);
        section::<LogSection>(&mut text, &self.log, &self.origins.log);
        section::<ServeSection>(&mut text, &self.serve, &self.origins.serve);
        for (issuer, origins) in self.oidc.iter().zip(&self.origins.oidc) {
            section::<OidcSection>(&mut text, issuer, origins);
        }
        section::<AlpineSection>(&mut text, &self.alpine, &self.origins.alpine);
        section::<PricesSection>(&mut text, &self.prices, &self.origins.prices);
        section::<ExportSection>(&mut text, &self.export, &self.origins.export);
        for (verdict, origins) in self.verdicts.iter().zip(&self.origins.verdicts) {
            section::<VerdictSection>(&mut text, verdict, origins);
        }
        for (centre, origins) in self.cost_centres.iter().zip(&self.origins.cost_centres) {
            section::<CostCentreSection>(&mut text, centre, origins);
        }
        for (pulls, origins) in self.pulls.iter().zip(&self.origins.pulls) {
            section::<PullsSection>(&mut text, pulls, origins);
        }
        for (effort, origins) in self.efforts.iter().zip(&self.origins.efforts) {
            section::<EffortSection>(&mut text, effort, origins);
        }
        section::<MetricsSection>(&mut text, &self.metrics, &self.origins.metrics);
        for (budget, origins) in self.budgets.iter().zip(&self.origins.budgets) {
            section::<BudgetSection>(&mut text, budget, origins);
        }
        for (registry, origins) in self.registries.iter().zip(&self.origins.registries) {
            section::<RegistrySection>(&mut text, registry, origins);
        }
        text
    }
}

fn section<S: Section>(text: &mut String, values: &S, origins: &Origins) {
    let shape = Shape::of::<S>();
    let header = if shape.repeated {
        format!("[[{}]]", shape.name)
    } else {
        format!("[{}]", shape.name)
    };
    // Every section serializes into a table, and writing to a string cannot fail.
    let table = Table::try_from(values).unwrap_or_default();
    let lines: Vec<(String, String)> = shape
        .fields
        .iter()
        .map(|field| match table.get(*field) {
            Some(value) => {
                let origin = origins.get(field).unwrap_or(&Origin::Default);
                (format!("{field} = {value}"), origin.to_string())
            }
            None => (format!("# {field} = …"), "not set".to_owned()),
        })
        .collect();
    let width = lines
        .iter()
        .map(|(setting, _)| setting.chars().count())
        .max()
        .unwrap_or(0);
    let _ = writeln!(text, "\n{header}");
    for (setting, origin) in lines {
        let _ = writeln!(text, "{setting:width$}  # {origin}");
    }
}
