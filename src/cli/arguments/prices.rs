use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::examples;
use super::report::TextOrJson;
use crate::pricing::AcrPlan;

/// Options of `tare prices`.
#[derive(Debug, Args)]
pub struct PricesOptions {
    #[command(subcommand)]
    pub(in crate::cli) command: PricesCommand,
}

/// The commands of `tare prices`.
#[derive(Debug, Subcommand)]
pub enum PricesCommand {
    /// Lists the price books that come with Tare, and your own
    #[command(after_help = examples::PRICES_LIST)]
    List(PricesListOptions),
    /// Checks a price book; if it is wrong, says what would be right and exits with status 2
    #[command(after_help = examples::PRICES_CHECK)]
    Check {
        /// The price book, a TOML file
        file: PathBuf,
        /// Output format
        #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
        format: TextOrJson,
    },
    /// Creates a price book from a saved response of the Azure Retail Prices API
    ///
    /// The response is a JSON file saved from prices.azure.com. Tare sends no request itself. It prints the price book:
    /// save it to a file and check it.
    #[command(after_help = examples::PRICES_IMPORT)]
    Import {
        /// The saved response, a JSON file
        file: PathBuf,
        /// The plan whose prices to take
        #[arg(long, value_enum)]
        plan: Plan,
        /// The region (armRegionName); required if the file has several
        #[arg(long)]
        region: Option<String>,
    },
}

/// Options of `tare prices list`.
#[derive(Debug, Args)]
pub struct PricesListOptions {
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub(in crate::cli) format: TextOrJson,
}

/// A plan of Azure Container Registry.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Plan {
    Basic,
    Standard,
    Premium,
}

impl From<Plan> for AcrPlan {
    fn from(plan: Plan) -> Self {
        match plan {
            Plan::Basic => Self::Basic,
            Plan::Standard => Self::Standard,
            Plan::Premium => Self::Premium,
        }
    }
}
