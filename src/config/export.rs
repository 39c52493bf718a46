use serde::{Deserialize, Serialize};

use super::Settings;
use super::section::Section;
use crate::export::Account;
use crate::oci::RegistryName;

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
    /// The account that a registry is billed to.
    pub fn account(&self, registry: &RegistryName) -> Account {
        let own = self.configured(registry);
        let said =
            |field: fn(&super::RegistrySection) -> &Option<String>| own.and_then(|own| field(own).clone());
        Account {
            billing_account_id: self.export.billing_account_id.clone(),
            billing_account_name: self.export.billing_account_name.clone(),
            sub_account_id: said(|own| &own.sub_account_id),
            sub_account_name: said(|own| &own.sub_account_name),
            region: said(|own| &own.region),
        }
    }
}
