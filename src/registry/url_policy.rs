//! Which URLs that a registry names (redirects, page links, token services) may be followed.

use std::net::IpAddr;
use std::sync::Arc;

use url::Url;

use super::address_guard::{AddressGuard, AddressRefused};
use super::error::Reason;
use super::origin::{Origin, address_of};
use super::{domain, limits};
use crate::oci::text::excerpt;

/// The rules for one registry.
#[derive(Debug)]
pub(super) struct UrlPolicy {
    pub origin: Origin,
    trusted_realm_hosts: Vec<String>,
    guard: Arc<AddressGuard>,
}

/// Registries, or domains of registries (with a leading dot), whose token service is at another domain of the same
/// company: Docker Hub and GitLab (their documentation, 2026), Scaleway and Alibaba (public traces, 2026).
const KNOWN_REALMS: [(&str, &str); 4] = [
    ("registry-1.docker.io", "auth.docker.io"),
    ("registry.gitlab.com", "gitlab.com"),
    (".scw.cloud", "api.scaleway.com"),
    (".aliyuncs.com", "dockerauth.cn-hangzhou.aliyuncs.com"),
];

fn is_known_realm(registry: &str, realm: &str) -> bool {
    KNOWN_REALMS.iter().any(|(known, realm_host)| {
        let is_registry = match known.starts_with('.') {
            true => registry.ends_with(known),
            false => registry == *known,
        };
        is_registry && realm == *realm_host
    })
}

impl UrlPolicy {
    pub fn new(origin: Origin, trusted_realm_hosts: &[String], guard: Arc<AddressGuard>) -> Self {
        let trusted_realm_hosts = trusted_realm_hosts
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect();
        Self {
            origin,
            trusted_realm_hosts,
            guard,
        }
    }

    /// Checks a redirect. The caller drops credentials if it leads to another origin.
    pub fn redirect(&self, from: &Url, location: &str) -> Result<Url, Reason> {
        let what = "redirect";
        let url = resolve(what, from, location)?;
        if from.scheme() == "https" && url.scheme() != "https" {
            return Err(refused(what, &url, "it would change from https to http"));
        }
        if !self.origin.contains(&url) {
            self.check_address(what, &url)?;
        }
        Ok(url)
    }

    /// Checks a link to the next page of a listing. Only its query is used: the path stays that of the listing, and
    /// the host must be the registry's. A link with http instead of https comes from a registry behind a proxy; its
    /// query is still valid.
    pub fn next_page(&self, request: &Url, link: &str) -> Result<Url, Reason> {
        let what = "page link";
        let url = resolve(what, request, link)?;
        let own = self.origin.url();
        let same_port =
            url.port() == own.port() || (own.port().is_none() && url.port_or_known_default() == Some(80));
        let downgraded = own.scheme() == "https" && url.scheme() == "http" && same_port;
        if url.host() != own.host() || !(self.origin.contains(&url) || downgraded) {
            return Err(refused(what, &url, "it is not the registry"));
        }
        let mut next = request.clone();
        next.set_query(url.query());
        Ok(next)
    }

    /// Checks the URL of a token service.
    pub fn realm(&self, realm: &str) -> Result<Url, Reason> {
        let what = "token realm";
        let mut url = resolve(what, self.origin.url(), realm)?;
        url.set_fragment(None);
        if url.scheme() != "https" && !self.origin.is_plain_http() {
            return Err(refused(what, &url, "it is not https"));
        }
        let host = url.host_str().unwrap_or_default();
        let registry = self.origin.url().host_str().unwrap_or_default();
        if self.is_trusted(&url) {
            return Ok(url);
        }
        let known = is_known_realm(registry, host);
        if !(known || host == registry || domain::have_one_owner(registry, host)) {
            return Err(refused(
                what,
                &url,
                "it is outside the registry's domain; if it is right, list it among the trusted realm hosts",
            ));
        }
        if host != registry {
            self.check_address(what, &url)?;
        }
        Ok(url)
    }

    fn is_trusted(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        self.trusted_realm_hosts
            .iter()
            .any(|trusted| trusted == host || *trusted == with_port)
    }

    fn check_address(&self, what: &'static str, url: &Url) -> Result<(), Reason> {
        match address_of(url) {
            Some(address) if !self.allows(address) => Err(refused(what, url, AddressRefused::WHY)),
            _ => Ok(()),
        }
    }

    fn allows(&self, address: IpAddr) -> bool {
        self.origin.address() == Some(address) || self.guard.allows(address)
    }
}

fn resolve(what: &'static str, base: &Url, text: &str) -> Result<Url, Reason> {
    if text.len() > limits::URL {
        return Err(Reason::Malformed(format!("a {what} of {} bytes", text.len())));
    }
    let url = base
        .join(text)
        .map_err(|_| Reason::Malformed(format!("a {what} that is not a URL")))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(refused(what, &url, "it is neither https nor http"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(what, &url, "it contains a user name or password"));
    }
    Ok(url)
}

fn refused(what: &'static str, url: &Url, why: &'static str) -> Reason {
    Reason::Refused {
        what,
        target: origin_of(url),
        why,
    }
}

/// Scheme, host and port of a URL, for a message. Path and query may contain a signature.
pub(super) fn origin_of(url: &Url) -> String {
    let host = excerpt(url.host_str().unwrap_or_default());
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url_policy(origin: &str, trusted: &[&str]) -> UrlPolicy {
        let origin = Origin::parse(origin).unwrap();
        let trusted: Vec<_> = trusted.iter().map(|host| (*host).to_owned()).collect();
        let host = origin.url().host_str().unwrap();
        let guard = Arc::new(AddressGuard::new(host, origin.address(), trusted.clone()));
        UrlPolicy::new(origin.clone(), &trusted, guard)
    }

    /// Vendors: Alibaba, IBM, Scaleway.
    #[test]
    fn realms_lead_to_the_registry_or_its_owner() {
        for (registry, realm, allowed) in [
            ("https://reg.example.com", "https://reg.example.com/token", true),
            (
                "https://reg.example.com",
                "https://reg.example.com:8443/token",
                true,
            ),
            ("https://reg.example.com", "https://auth.example.com/token", true),
            ("https://reg.example.com", "http://reg.example.com/token", false),
            ("https://reg.example.com", "https://evil.example/token", false),
            (
                "https://reg.example.com",
                "https://reg.example.com.evil.example/token",
                false,
            ),
            (
                "https://reg.example.com",
                "https://me:pw@reg.example.com/token",
                false,
            ),
            ("https://reg.example.com", "https://127.0.0.1/token", false),
            ("https://reg.example.com", "file:///etc/passwd", false),
            (
                "https://reg.example.com",
                "https://login.partner.example/token",
                true,
            ),
            ("https://reg.example.com", "https://10.0.0.9:5000/token", true),
            ("https://reg.example.com", "https://10.0.0.9:5001/token", false),
            (
                "https://registry-1.docker.io",
                "https://auth.docker.io/token",
                true,
            ),
            ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true),
            ("https://a.azurecr.io", "https://b.azurecr.io/oauth2/token", false),
            ("http://127.0.0.1:5001", "http://127.0.0.1:5002/token", true),
            ("http://127.0.0.1:5001", "http://169.254.169.254/token", false),
        ] {
            let rules = url_policy(registry, &["login.partner.example", "10.0.0.9:5000"]);
            assert_eq!(rules.realm(realm).is_ok(), allowed, "{registry} to {realm}");
        }
    }

    #[test]
    fn redirects_keep_https_and_stay_out_of_private_networks() {
        let rules = url_policy("https://8.8.8.8", &[]);
        let from = Url::parse("https://8.8.8.8/v2/a/blobs/sha256:0").unwrap();
        for (location, allowed) in [
            ("https://store.example/blob?sig=secret", true),
            ("/elsewhere", true),
            ("http://store.example/blob", false),
            ("https://127.0.0.1/blob", false),
            ("https://[::ffff:10.0.0.1]/blob", false),
            ("https://0x7f.1/blob", false),
            ("https://169.254.169.254/latest", false),
            ("https://me:pw@store.example/blob", false),
            ("gopher://store.example/", false),
        ] {
            let result = rules.redirect(&from, location);
            assert_eq!(result.is_ok(), allowed, "{location}");
            if let Err(reason) = result {
                assert!(!reason.to_string().contains("secret"));
            }
        }
    }

    #[test]
    fn page_links_stay_in_the_listing() {
        let rules = url_policy("https://reg.example.com", &[]);
        let request = Url::parse("https://reg.example.com/v2/_catalog?n=2").unwrap();
        let next = "https://reg.example.com/v2/_catalog?last=b&n=2";
        for (link, expected) in [
            ("/v2/_catalog?last=b&n=2", Some(next)),
            ("?last=b&n=2", Some(next)),
            ("https://reg.example.com/v2/_catalog?last=b&n=2", Some(next)),
            ("http://reg.example.com/v2/_catalog?last=b&n=2", Some(next)),
            ("/admin/delete-all?last=b&n=2", Some(next)),
            ("https://evil.example/v2/_catalog?last=b", None),
            ("//evil.example/v2/_catalog?last=b", None),
            ("https://reg.example.com:444/v2/_catalog?last=b", None),
            ("http://reg.example.com:8080/v2/_catalog?last=b", None),
            ("https://me@reg.example.com/v2/_catalog?last=b", None),
        ] {
            let found = rules.next_page(&request, link).ok();
            assert_eq!(found.as_ref().map(Url::as_str), expected, "{link}");
        }
    }
}
