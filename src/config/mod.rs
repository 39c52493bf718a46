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
mod credentials;
mod data_files;
mod environment;
mod events;
mod export;
mod file;
mod layers;
mod log;
mod metrics;
mod missing_secret;
mod notification;
mod oidc;
mod prices;
mod problem;
mod quantities;
mod registry;
mod reported_usage;
mod retention;
mod section;
mod serve;
mod show;
mod store;
#[cfg(test)]
mod tests;
mod values;
mod worth;

use std::path::{Path, PathBuf};

pub use address::{InvalidAddress, RegistryAddress};
pub use alpine::{AlpineSection, AnalysisSettingsError, ShownCoverage, VerdictSection};
pub use azure::AzureLogin;
pub use cost_centre::CostCentreSection;
pub use cost_plan::CostPlanError;
pub use crawl::CrawlSection;
pub use data_files::UnreadableFile;
pub use environment::Environment;
pub use events::EventSettings;
pub use export::ExportSection;
pub use layers::Flag;
pub use log::LogSection;
pub use metrics::{BudgetAmount, BudgetSection, MetricsSection};
pub use missing_secret::MissingSecret;
pub use notification::{
    NotificationError, NotificationKind, NotificationSection, NotificationsSection, TlsSetting,
};
pub use oidc::{OidcRule, OidcSection};
pub use prices::{AllocationRule, EffortSection, PricesSection, PullsSection};
pub use problem::{ConfigError, Origin, Problem};
pub use quantities::{Amount, Bytes, Number, ShareOf};
pub use registry::{AccountFee, AskForUntagged, RegistrySection};
pub use reported_usage::{ReportedUsageError, UsageProblem, UsageSetting};
pub use retention::RetentionSection;
pub use serve::{ServeAccess, ServeRole, ServeSection, UnsoundService};
pub use show::{ShownSection, ShownSetting, ShownSettings};
pub use store::{StoreSection, UnusableDatabaseFile};
pub use values::{DatabaseUrl, ProxyUrl, Secret, listen_address};
pub use worth::{LeastSaving, WorthSection};

use crate::analysis::PlatformSelection;

use layers::{Layers, Sections};
use section::Shape;

/// Makes [`Settings`] of a list of sections: what they are called, and their types. A section of which there may be many
/// is a `Vec`. The order is that in which settings are shown and checked.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $sections:ty,)*) => {
        /// Every setting, as it is in force.
        #[derive(Debug, Clone, Default)]
        pub struct Settings {
            $($(#[$doc])* pub $field: $sections,)*
            file: Option<PathBuf>,
            origins: AllOrigins,
        }

        /// Where the values come from, section by section.
        #[derive(Debug, Clone, Default)]
        struct AllOrigins {
            $($field: <$sections as Sections>::Origins,)*
        }

        /// What settings there are.
        fn shapes() -> Vec<Shape> {
            vec![$(<$sections as Sections>::shape(),)*]
        }

        impl Settings {
            fn take_from(layers: &mut Layers) -> Self {
                let mut settings = Self::default();
                $((settings.$field, settings.origins.$field) = Sections::take_from(layers);)*
                settings
            }

            fn shown_sections(&self) -> Vec<ShownSection> {
                let mut sections = Vec::new();
                $(sections.extend(self.$field.shown(&self.origins.$field));)*
                sections
            }
        }
    };
}

settings! {
    /// Where data is stored.
    store: StoreSection,
    /// How registries are asked.
    crawl: CrawlSection,
    /// How long what today's answers do not need is kept.
    retention: RetentionSection,
    /// What is logged on standard error.
    log: LogSection,
    /// How the service is run.
    serve: ServeSection,
    /// The identity providers whose tokens the service accepts.
    oidc: Vec<OidcSection>,
    /// What answers about Alpine rest on.
    alpine: AlpineSection,
    /// What bytes cost.
    prices: PricesSection,
    /// What makes a move to Alpine worth it.
    worth: WorthSection,
    /// How exports call the account that is billed.
    export: ExportSection,
    /// The operator's own verdicts; the first that matches a repository counts.
    verdicts: Vec<VerdictSection>,
    /// The owners of repositories; the first rule that matches and sets a label counts.
    cost_centres: Vec<CostCentreSection>,
    /// What is assumed about pulls; the first that matches counts.
    pulls: Vec<PullsSection>,
    /// The work of moving repositories to Alpine; the first that matches counts.
    efforts: Vec<EffortSection>,
    /// Metrics for Prometheus.
    metrics: MetricsSection,
    /// Monthly budgets.
    budgets: Vec<BudgetSection>,
    /// What all notifications have in common.
    notifications: NotificationsSection,
    /// Who is told what, and how.
    receivers: Vec<NotificationSection>,
    /// The registries that the configuration knows.
    registries: Vec<RegistrySection>,
}

impl Settings {
    /// Puts the layers together.
    ///
    /// The file is the one named, else that of `TARE_CONFIG`, else the user's own
    /// (`~/.config/tare/tare.toml`) if there is one.
    ///
    /// # Errors
    /// If a named file cannot be read, or a setting in any layer is wrong.
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

        let mut settings = Self::take_from(&mut layers);
        settings.file = file.map(Path::to_owned);
        if settings.store.data_dir.is_none() {
            settings.store.data_dir = environment.data_folder();
        }
        if layers.problems.is_empty() {
            Ok(settings)
        } else {
            Err(ConfigError::Wrong(layers.problems))
        }
    }

    /// The settings in force as TOML, each with where it comes from; secrets are masked.
    pub fn show(&self) -> String {
        let mut text = match &self.file {
            Some(file) => format!(
                "# Settings in force, with where each comes from. File: {}\n",
                file.display()
            ),
            None => "# Settings in force, with where each comes from. There is no configuration file.\n"
                .to_owned(),
        };
        for section in self.shown_sections() {
            text.push_str(&section.to_toml());
        }
        text
    }

    /// The settings in force for programs; secrets are masked.
    pub fn shown(&self) -> ShownSettings {
        ShownSettings {
            file: self.file.as_ref().map(|file| file.display().to_string()),
            sections: self.shown_sections(),
        }
    }

    /// The configuration file that was read; `None` if there is none.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
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
