//! Whether two hosts belong to the same owner, judged by their names.
//!
//! The exact answer is the Public Suffix List, which is large, changes weekly and lacks vendors' own shared
//! domains. A wrong "no" costs the operator one line of configuration; a wrong "yes" would send a password to a
//! stranger. So short names below country codes count as shared, and so do the domains of large clouds.

use crate::oci::AZURE_DOMAINS;

/// Domains below which anyone can rent a name (vendors' documentation, 2026).
const SHARED: [&str; 30] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "aliyuncs.com",
    "appspot.com",
    "azure.com",
    "azure.us",
    "azurecr.cn",
    "azurecr.eaglex.ic.gov",
    "azurecr.io",
    "azurecr.microsoft.scloud",
    "azurecr.us",
    "azurewebsites.net",
    "cloudapp.net",
    "cloudfront.net",
    "cloudflare.com",
    "digitaloceanspaces.com",
    "duckdns.org",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "googleapis.com",
    "herokuapp.com",
    "jfrog.io",
    "myhuaweicloud.com",
    "netlify.app",
    "ngrok.io",
    "pkg.dev",
    "run.app",
    "trafficmanager.net",
    "windows.net",
];

/// Second-level domains under which countries register names, besides all shorter than four letters (`co.uk`).
const GENERIC: [&str; 6] = ["asso", "firm", "gouv", "govt", "info", "name"];

/// Domains of one company that look like a country's second level: IBM's and Google's registries (their documentation,
/// 2026).
const OWNED: [&str; 2] = ["gcr.io", "icr.io"];

/// Whether one owner controls both host names.
pub(super) fn have_one_owner(one: &str, other: &str) -> bool {
    if azure_registry(one).is_some_and(|name| azure_registry(other) == Some(name)) {
        return true;
    }
    let is_address = |host: &str| {
        host.starts_with('[')
            || host
                .rsplit('.')
                .next()
                .is_none_or(|last| last.bytes().all(|b| b.is_ascii_digit()))
    };
    if is_address(one) || is_address(other) {
        return false;
    }
    // The labels that both names end in, from the right.
    let shared = one
        .rsplit('.')
        .zip(other.rsplit('.'))
        .take_while(|(a, b)| a == b && !a.is_empty())
        .count();
    let common = one.rsplitn(shared + 1, '.').take(shared).collect::<Vec<_>>();
    is_owned(&common)
}

/// The name of an Azure registry and its domain, by its own host or that of a region (`NAME.REGION.geo.azurecr.io`, Azure
/// documentation, 2026): only its owner can have a host below a registry's name.
fn azure_registry(host: &str) -> Option<(&str, &str)> {
    let (name, rest) = host.split_once('.')?;
    let domain = match rest.split_once('.') {
        Some((region, domain)) if domain.starts_with("geo.azurecr.") && !region.is_empty() => &domain[4..],
        _ => rest,
    };
    let is_azure = AZURE_DOMAINS.contains(&domain);
    (is_azure && !name.is_empty()).then_some((name, domain))
}

/// Whether a domain (its labels, from the right) belongs to a single owner.
fn is_owned(labels: &[&str]) -> bool {
    let [top, second, rest @ ..] = labels else {
        return false;
    };
    let domain = labels.iter().rev().copied().collect::<Vec<_>>().join(".");
    let under_shared = SHARED
        .iter()
        .any(|shared| domain == *shared || domain.ends_with(&format!(".{shared}")));
    let is_country_level =
        rest.is_empty() && top.len() == 2 && (second.len() <= 3 || GENERIC.contains(second));
    let is_known = OWNED.contains(&&*domain);
    is_known || !under_shared && !is_country_level
}

#[cfg(test)]
mod tests {
    use super::have_one_owner;

    /// Vendors: Alibaba, IBM, Scaleway.
    #[test]
    fn one_owner_only_where_the_names_leave_no_doubt() {
        for (one, other, same) in [
            ("reg.example.com", "auth.example.com", true),
            ("reg.eu.example.com", "auth.example.com", true),
            ("example.com", "auth.example.com", true),
            ("reg.example.co.uk", "auth.example.co.uk", true),
            ("registry.gitlab.com", "gitlab.com", true),
            ("registry-1.docker.io", "auth.docker.io", true),
            ("reg.co.uk", "evil.co.uk", false),
            ("reg.com.br", "evil.com.br", false),
            ("reg.com", "evil.com", false),
            ("reg.azurecr.io", "evil.azurecr.io", false),
            ("reg.westeurope.geo.azurecr.io", "reg.azurecr.io", true),
            ("reg.westeurope.geo.azurecr.io", "reg.eastus.geo.azurecr.io", true),
            ("reg.westeurope.geo.azurecr.io", "evil.azurecr.io", false),
            ("reg.westeurope.geo.azurecr.io", "reg.azurecr.cn", false),
            ("reg.evil.azurecr.io", "reg.azurecr.io", false),
            ("reg.azurecr.eaglex.ic.gov", "evil.azurecr.eaglex.ic.gov", false),
            (
                "reg.usnatwest.geo.azurecr.microsoft.scloud",
                "reg.azurecr.microsoft.scloud",
                true,
            ),
            ("de.icr.io", "cp.icr.io", true),
            ("icr.io", "cp.icr.io", true),
            ("eu.gcr.io", "gcr.io", true),
            (
                "1.dkr.ecr.eu-west-1.amazonaws.com",
                "evil.eu-west-1.amazonaws.com",
                false,
            ),
            ("reg.blob.core.windows.net", "evil.blob.core.windows.net", false),
            ("10.0.0.1", "10.0.0.1.evil.example", false),
            ("1.0.0.1", "2.0.0.1", false),
            ("localhost", "evil", false),
            ("reg.example.com", "reg.example.com.evil.example", false),
            ("notexample.com", "example.com", false),
        ] {
            assert_eq!(have_one_owner(one, other), same, "{one} and {other}");
            assert_eq!(have_one_owner(other, one), same, "{other} and {one}");
        }
    }
}
