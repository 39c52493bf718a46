use std::collections::HashMap;

use crate::oci::RegistryName;

/// The account of a registry, as named in the company's other cost data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The id of the account that receives the invoice. If unknown, the registry takes its place.
    pub billing_account_id: Option<String>,
    /// Its name.
    pub billing_account_name: Option<String>,
    /// The id of the sub-account, such as a subscription.
    pub sub_account_id: Option<String>,
    /// Its name.
    pub sub_account_name: Option<String>,
    /// The region of the registry.
    pub region: Option<String>,
}

/// The accounts that registries are billed to.
#[derive(Debug, Clone, Default)]
pub struct BillingAccounts {
    common: Account,
    by_registry: HashMap<RegistryName, Account>,
}

impl BillingAccounts {
    /// Bills every registry to one account.
    pub fn new(account: Account) -> Self {
        Self {
            common: account,
            by_registry: HashMap::new(),
        }
    }

    /// The same accounts with another one for one registry.
    #[must_use]
    pub fn with_registry(mut self, registry: RegistryName, account: Account) -> Self {
        self.by_registry.insert(registry, account);
        self
    }

    /// The account that a registry is billed to.
    pub fn account_of(&self, registry: &RegistryName) -> Account {
        self.by_registry.get(registry).unwrap_or(&self.common).clone()
    }
}
