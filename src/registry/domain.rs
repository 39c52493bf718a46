//! Whether two hosts belong to the same owner, judged by their names.
//!
//! The exact answer is the Public Suffix List, which is large, changes weekly and lacks vendors' own shared
//! domains. A wrong "no" costs the operator one line of configuration; a wrong "yes" would send a password to a
//! stranger. So short names below country codes count as shared, and so do the domains of large clouds.

/// Domains below which anyone can rent a name (vendors' documentation, 2026).
const SHARED: [&str; 28] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "aliyuncs.com",
    "appspot.com",
    "azure.com",
    "azure.us",
    "azurecr.cn",
    "azurecr.io",
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

/// Whether one owner controls both host names.
pub(super) fn have_one_owner(one: &str, other: &str) -> bool {
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
    !under_shared && !is_country_level
}

#[cfg(test)]
mod tests {
    use super::have_one_owner;

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
