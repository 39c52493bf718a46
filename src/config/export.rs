use serde::{Deserialize, Serialize};

use super::Settings;
use super::section::Section;
use crate::export::{Account, BillingAccounts};

/// `[export]`: how the company's other cost data call the account that gets the invoices.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExportSection {
    /// The account's id; where it is not set, each registry stands for an account.
    pub billing_account_id: Option<String>,
    /// The account's name.
    pub billing_account_name: Option<String>,
}

impl Section for ExportSection {
    const NAME: &'static str = "export";
}

impl Settings {
    /// The accounts that registries are billed to.
    pub fn billing_accounts(&self) -> BillingAccounts {
        let common = Account {
            billing_account_id: self.export.billing_account_id.clone(),
            billing_account_name: self.export.billing_account_name.clone(),
            ..Account::default()
        };
        let accounts = BillingAccounts::new(common.clone());
        self.registries.iter().fold(accounts, |accounts, section| {
            let account = Account {
                sub_account_id: section.sub_account_id.clone(),
                sub_account_name: section.sub_account_name.clone(),
                region: section.region.clone(),
                ..common.clone()
            };
            accounts.with_registry(section.url.registry().clone(), account)
        })
    }
}
