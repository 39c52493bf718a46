//! The settings: a configuration file, the environment and the command line, each above the one before.
//!
//! Each section of the file is a struct in a file of its own, and its fields are the settings. A setting
//! `requests_per_minute` of `[crawl]` is `TARE_CRAWL_REQUESTS_PER_MINUTE` in the environment, and
//! `DATABASE_URL` is the database; a list is written with commas there, and an empty variable counts as
//! not set. An unknown key or variable and a wrong value are refused, with the place, and with what would
//! be right. [`Settings`] then fills the parameter structs of the other rooms, none of which knows this
//! one.

mod address;
mod alpine;
mod azure;
mod cost_centre;
mod cost_plan;
mod crawl;
mod environment;
mod export;
mod file;
mod layers;
mod log;
mod login;
mod metrics;
mod oidc;
mod prices;
mod problem;
mod quantities;
mod registry;
mod retention;
mod section;
mod serve;
mod show;
mod store;
#[cfg(test)]
mod tests;
mod values;

use std::path::{Path, PathBuf};

pub use address::{InvalidAddress, RegistryAddress};
pub use alpine::{AlpineSection, AnalysisSettingsError, ShownCoverage, VerdictSection};
pub use azure::AzureLogin;
pub use cost_centre::CostCentreSection;
pub use cost_plan::CostPlanError;
pub use crawl::CrawlSection;
pub use environment::Environment;
pub use export::ExportSection;
pub use layers::Flag;
pub use log::{LogFormat, LogLevel, LogSection};
pub use login::MissingSecret;
pub use metrics::{BudgetAmount, BudgetSection, MetricsSection};
pub use oidc::{OidcRule, OidcSection};
pub use prices::{AllocationRule, EffortSection, PricesSection, PullsSection};
pub use problem::{ConfigError, Origin, Problem};
pub use quantities::{Amount, Bytes, Number, ShareOf};
pub use registry::{AskForUntagged, RegistrySection};
pub use retention::RetentionSection;
pub use serve::{ServeAccess, ServeRole, ServeSection, UnsoundService};
pub use store::StoreSection;
pub use values::{DatabaseUrl, ProxyUrl, Secret};

use crate::analysis::PlatformSelection;

use layers::{Layers, Origins};
use metrics::Budgeted;
use oidc::NamedIssuers;
use section::Shape;

/// Every setting, as it is in force.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where what has been found is kept.
    pub store: StoreSection,
    /// How registries are asked.
    pub crawl: CrawlSection,
    /// How long what today's answers do not need is kept.
    pub retention: RetentionSection,
    /// What is said on standard error.
    pub log: LogSection,
    /// How the service is run.
    pub serve: ServeSection,
    /// The identity providers whose tokens the service accepts.
    pub oidc: Vec<OidcSection>,
    /// What answers about Alpine rest on.
    pub alpine: AlpineSection,
    /// What bytes cost.
    pub prices: PricesSection,
    /// How exports call the account that is billed.
    pub export: ExportSection,
    /// What the operator has decided for some repositories, the first that matches counts.
    pub verdicts: Vec<VerdictSection>,
    /// Whose repositories are, the first that matches and says it counts.
    pub cost_centres: Vec<CostCentreSection>,
    /// What is assumed about pulls, the first that matches counts.
    pub pulls: Vec<PullsSection>,
    /// What moving to Alpine takes, the first that matches counts.
    pub efforts: Vec<EffortSection>,
    /// What Prometheus is told.
    pub metrics: MetricsSection,
    /// What may be spent.
    pub budgets: Vec<BudgetSection>,
    /// The registries that the configuration knows.
    pub registries: Vec<RegistrySection>,
    origins: AllOrigins,
}

/// Where the values come from, section by section.
#[derive(Debug, Clone, Default)]
struct AllOrigins {
    file: Option<PathBuf>,
    store: Origins,
    crawl: Origins,
    retention: Origins,
    log: Origins,
    serve: Origins,
    oidc: Vec<Origins>,
    alpine: Origins,
    prices: Origins,
    export: Origins,
    verdicts: Vec<Origins>,
    cost_centres: Vec<Origins>,
    pulls: Vec<Origins>,
    efforts: Vec<Origins>,
    metrics: Origins,
    budgets: Vec<Origins>,
    registries: Vec<Origins>,
}

impl Settings {
    /// Puts the layers together.
    ///
    /// The file is the one named, else that of `TARE_CONFIG`, else the user's own
    /// (`~/.config/tare/tare.toml`) if there is one.
    ///
    /// # Errors
    /// Where a named file cannot be read, and where anything is wrong in any layer.
    pub fn load(file: Option<&Path>, environment: &Environment, flags: &[Flag]) -> Result<Self, ConfigError> {
        let named = file
            .map(Path::to_owned)
            .or_else(|| environment.path("TARE_CONFIG"));
        let file = named.or_else(|| environment.user_file().filter(|file| file.is_file()));
        let text = match &file {
            Some(file) => std::fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
                file: file.clone(),
                source,
            })?,
            None => String::new(),
        };
        Self::from_layers(file.as_deref(), &text, environment, flags)
    }

    fn from_layers(
        file: Option<&Path>,
        text: &str,
        environment: &Environment,
        flags: &[Flag],
    ) -> Result<Self, ConfigError> {
        let shapes = shapes();
        let (found, problems) = file::read(file.unwrap_or(Path::new("")), text, &shapes);
        let mut layers = Layers::new(shapes);
        layers.problems = problems;
        layers.file(found);
        layers.environment(environment);
        for flag in flags {
            layers.flag(flag);
        }

        let mut settings = Self::default();
        settings.origins.file = file.map(Path::to_owned);
        (settings.store, settings.origins.store) = layers.one();
        (settings.crawl, settings.origins.crawl) = layers.one();
        (settings.retention, settings.origins.retention) = layers.one();
        (settings.log, settings.origins.log) = layers.one();
        (settings.serve, settings.origins.serve) = layers.one();
        let mut issuers = NamedIssuers::default();
        (settings.oidc, settings.origins.oidc) = layers.checked(|section| issuers.note(section));
        (settings.alpine, settings.origins.alpine) = layers.one();
        (settings.prices, settings.origins.prices) = layers.one();
        (settings.export, settings.origins.export) = layers.one();
        if let Some(field) = settings.prices.contradiction() {
            layers.problems.push(Problem {
                origin: settings
                    .origins
                    .prices
                    .get(field)
                    .cloned()
                    .unwrap_or(Origin::Default),
                key: format!("prices.{field}"),
                message: "shares by repository are about one registry: set them in its [[registry]]"
                    .to_owned(),
            });
        }
        (settings.verdicts, settings.origins.verdicts) =
            layers.checked(|verdict: &VerdictSection| verdict.overrides().map_err(at("repositories")));
        (settings.cost_centres, settings.origins.cost_centres) =
            layers.checked(|centre: &CostCentreSection| centre.rule().map_err(at("repositories")));
        (settings.pulls, settings.origins.pulls) = layers.checked(PullsSection::assumption);
        (settings.efforts, settings.origins.efforts) =
            layers.checked(|effort: &EffortSection| effort.rule().map_err(at("repositories")));
        (settings.metrics, settings.origins.metrics) = layers.one();
        let mut budgeted = Budgeted::default();
        (settings.budgets, settings.origins.budgets) =
            layers.checked(|budget: &BudgetSection| budgeted.note(budget).map_err(at("registry")));
        for (registry, origin, origins) in layers.many::<RegistrySection>() {
            settings.check_registry(&registry, &origin, &mut layers.problems);
            settings.registries.push(registry);
            settings.origins.registries.push(origins);
        }
        if settings.store.data_dir.is_none() {
            settings.store.data_dir = environment.data_folder();
        }
        if layers.problems.is_empty() {
            Ok(settings)
        } else {
            Err(ConfigError::Wrong(layers.problems))
        }
    }

    fn check_registry(&self, registry: &RegistrySection, origin: &Origin, problems: &mut Vec<Problem>) {
        if let Some((field, message)) = registry.contradiction() {
            problems.push(Problem {
                origin: origin.clone(),
                key: format!("registry.{field}"),
                message: message.to_owned(),
            });
        }
        if let Err(error) = registry.schedule() {
            problems.push(Problem {
                origin: origin.clone(),
                key: "registry.schedule".to_owned(),
                message: error.to_string(),
            });
        }
        if let Err(error) = registry.plan(&self.crawl) {
            problems.push(Problem {
                origin: origin.clone(),
                key: "registry.repositories".to_owned(),
                message: error.to_string(),
            });
        }
        if self.configured(registry.url.registry()).is_some() {
            problems.push(Problem {
                origin: origin.clone(),
                key: "registry.url".to_owned(),
                message: format!(
                    "{} has a section already; give each registry one",
                    registry.url.registry()
                ),
            });
        }
    }

    /// The configuration file that was read; none where there is none.
    pub fn file(&self) -> Option<&Path> {
        self.origins.file.as_deref()
    }

    /// What the configuration says of a registry.
    pub fn configured(&self, registry: &crate::oci::RegistryName) -> Option<&RegistrySection> {
        self.registries
            .iter()
            .find(|known| known.url.registry() == registry)
    }

    /// The platforms whose images count, by registry.
    pub fn platforms(&self) -> PlatformSelection {
        let selection = PlatformSelection::new(self.crawl.platforms.clone());
        self.registries.iter().fold(selection, |selection, section| {
            let platforms = section.platforms(&self.crawl).to_vec();
            selection.with_registry(section.url.registry().clone(), platforms)
        })
    }
}

/// What is wrong with a section, as a problem of one of its settings.
fn at<E: ToString>(field: &'static str) -> impl Fn(E) -> (&'static str, String) {
    move |error| (field, error.to_string())
}

fn shapes() -> Vec<Shape> {
    vec![
        Shape::of::<StoreSection>(),
        Shape::of::<CrawlSection>(),
        Shape::of::<RetentionSection>(),
        Shape::of::<LogSection>(),
        Shape::of::<ServeSection>(),
        Shape::of::<OidcSection>(),
        Shape::of::<AlpineSection>(),
        Shape::of::<PricesSection>(),
        Shape::of::<ExportSection>(),
        Shape::of::<VerdictSection>(),
        Shape::of::<CostCentreSection>(),
        Shape::of::<PullsSection>(),
        Shape::of::<EffortSection>(),
        Shape::of::<MetricsSection>(),
        Shape::of::<BudgetSection>(),
        Shape::of::<RegistrySection>(),
    ]
}
