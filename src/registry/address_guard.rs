//! Which network addresses a registry may lead us to.
//!
//! Inside a company's network, a URL that a registry chooses could reach what the registry itself cannot: a
//! service on this machine, in the private network, or a cloud's metadata service. So a registry may lead only to
//! addresses that are as public as its own, or more.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How widely an address can be reached, from the widest to the narrowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AddressClass {
    /// From the internet.
    Public,
    /// From within an organisation's network.
    Private,
    /// From this machine only.
    Loopback,
    /// Link-local, multicast or unspecified. Never allowed.
    Special,
}

impl AddressClass {
    /// The class of an address.
    pub fn from_ip(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::from_v4(address),
            IpAddr::V6(address) => match embedded_v4(address) {
                Some(embedded) => Self::from_v4(embedded),
                None => Self::from_v6(address),
            },
        }
    }

    fn from_v4(address: Ipv4Addr) -> Self {
        let [first, second, third, _] = address.octets();
        if address.is_loopback() {
            Self::Loopback
        } else if address.is_link_local() || address.is_multicast() || first == 0 || first >= 240 {
            Self::Special
        } else if address.is_private()
            // Carrier-grade NAT, IETF protocol assignments, and benchmarking (RFC 6890).
            || (first == 100 && second & 0xc0 == 64)
            || (first == 192 && second == 0 && third == 0)
            || (first == 198 && second & 0xfe == 18)
        {
            Self::Private
        } else {
            Self::Public
        }
    }

    fn from_v6(address: Ipv6Addr) -> Self {
        if address.is_loopback() {
            Self::Loopback
        } else if address.is_unicast_link_local() || address.is_multicast() || address.is_unspecified() {
            Self::Special
        } else if address.is_unique_local() || address.segments()[0] & 0xffc0 == 0xfec0 {
            Self::Private
        } else {
            Self::Public
        }
    }
}

/// The IPv4 address in a mapped, compatible, NAT64 or 6to4 address, which reaches the same host.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

/// A host resolved to an address that is not allowed.
#[derive(Debug)]
pub(crate) struct AddressRefused;

impl AddressRefused {
    /// The reason, for messages.
    pub const WHY: &'static str = "its address is less public than the registry's";
}

impl fmt::Display for AddressRefused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(Self::WHY)
    }
}

impl Error for AddressRefused {}

/// Checks addresses against the class of the registry's own address.
#[derive(Debug)]
pub(crate) struct AddressGuard {
    registry_host: String,
    /// Hosts that the operator trusts by name, whatever their address.
    trusted_hosts: Vec<String>,
    /// Set once. A registry that was public at first does not become private through a later answer of its name
    /// server, which it may control.
    registry: OnceLock<AddressClass>,
}

impl AddressGuard {
    pub fn new(registry_host: &str, registry_address: Option<IpAddr>, trusted_hosts: Vec<String>) -> Self {
        let registry = OnceLock::new();
        if let Some(address) = registry_address {
            registry.get_or_init(|| AddressClass::from_ip(address));
        }
        Self {
            registry_host: registry_host.to_owned(),
            trusted_hosts,
            registry,
        }
    }

    /// Whether requests to this address are allowed.
    pub fn allows(&self, address: IpAddr) -> bool {
        let class = AddressClass::from_ip(address);
        class != AddressClass::Special
            && class <= self.registry.get().copied().unwrap_or(AddressClass::Public)
    }

    /// The allowed addresses of a host.
    fn allowed(&self, host: &str, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, AddressRefused> {
        if host == self.registry_host
            && let Some(widest) = addresses
                .iter()
                .map(|address| AddressClass::from_ip(address.ip()))
                .min()
        {
            self.registry.get_or_init(|| widest);
        }
        if self.trusted_hosts.iter().any(|trusted| trusted == host) {
            return Ok(addresses);
        }
        let allowed: Vec<_> = addresses
            .into_iter()
            .filter(|address| self.allows(address.ip()))
            .collect();
        if allowed.is_empty() {
            Err(AddressRefused)
        } else {
            Ok(allowed)
        }
    }
}

/// The system's name resolution, filtered by the guard. Connections use exactly the addresses checked here, so a
/// name cannot resolve differently between check and use.
#[derive(Debug)]
pub(crate) struct GuardedResolver {
    pub guard: Arc<AddressGuard>,
    /// The address of the registry itself, if it is not to be looked up.
    pub connect_to: Option<SocketAddr>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.guard);
        let connect_to = self.connect_to;
        Box::pin(async move {
            let host = name.as_str().to_ascii_lowercase();
            // The connector sets the port; 0 asks for addresses alone.
            let found: Vec<_> = match connect_to {
                Some(address) if host == guard.registry_host => vec![address],
                _ => tokio::net::lookup_host((host.as_str(), 0)).await?.collect(),
            };
            let allowed = guard.allowed(&host, found)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> AddressClass {
        AddressClass::from_ip(text.parse().unwrap())
    }

    fn sockets(texts: &[&str]) -> Vec<SocketAddr> {
        texts
            .iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 0))
            .collect()
    }

    #[test]
    fn addresses_are_told_apart_in_every_disguise() {
        for (text, expected) in [
            ("8.8.8.8", AddressClass::Public),
            ("2606:4700::1", AddressClass::Public),
            ("10.1.2.3", AddressClass::Private),
            ("172.31.0.1", AddressClass::Private),
            ("192.168.1.1", AddressClass::Private),
            ("100.64.0.1", AddressClass::Private),
            ("fd00::1", AddressClass::Private),
            ("::ffff:10.0.0.1", AddressClass::Private),
            ("64:ff9b::a00:1", AddressClass::Private),
            ("2002:a00:1::", AddressClass::Private),
            ("127.8.9.10", AddressClass::Loopback),
            ("::1", AddressClass::Loopback),
            ("::ffff:127.0.0.1", AddressClass::Loopback),
            ("169.254.169.254", AddressClass::Special),
            ("::ffff:169.254.169.254", AddressClass::Special),
            ("fe80::1", AddressClass::Special),
            ("0.0.0.0", AddressClass::Special),
            ("::", AddressClass::Special),
            ("224.0.0.1", AddressClass::Special),
            ("255.255.255.255", AddressClass::Special),
        ] {
            assert_eq!(class(text), expected, "{text}");
        }
    }

    #[test]
    fn a_registry_leads_only_to_what_is_as_public_as_itself() {
        for (registry, target, allowed) in [
            ("8.8.8.8", "1.1.1.1", true),
            ("8.8.8.8", "10.0.0.1", false),
            ("8.8.8.8", "127.0.0.1", false),
            ("10.0.0.1", "10.0.0.2", true),
            ("10.0.0.1", "127.0.0.1", false),
            ("10.0.0.1", "169.254.169.254", false),
            ("127.0.0.1", "10.0.0.1", true),
            ("127.0.0.1", "169.254.169.254", false),
        ] {
            let guard = AddressGuard::new(registry, Some(registry.parse().unwrap()), Vec::new());
            assert_eq!(
                guard.allows(target.parse().unwrap()),
                allowed,
                "{registry} to {target}"
            );
        }
    }

    #[test]
    fn names_are_judged_by_what_they_resolve_to() {
        let guard = AddressGuard::new("reg.example.com", None, vec!["login.internal".into()]);
        assert!(
            guard.allowed("evil.example", sockets(&["127.0.0.1"])).is_err(),
            "unknown counts as public"
        );
        assert!(guard.allowed("reg.example.com", sockets(&["8.8.8.8"])).is_ok());
        assert_eq!(
            guard
                .allowed("cdn.example", sockets(&["10.0.0.1", "1.1.1.1"]))
                .unwrap(),
            sockets(&["1.1.1.1"])
        );
        assert!(
            guard.allowed("login.internal", sockets(&["10.0.0.1"])).is_ok(),
            "the operator trusts it"
        );
    }

    #[test]
    fn a_public_registry_does_not_become_private_later() {
        let guard = AddressGuard::new("reg.example.com", None, Vec::new());
        guard.allowed("reg.example.com", sockets(&["8.8.8.8"])).unwrap();
        assert!(guard.allowed("reg.example.com", sockets(&["127.0.0.1"])).is_err());
        assert!(!guard.allows("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn a_private_registry_is_reached_by_its_name() {
        let guard = AddressGuard::new("reg.internal", None, Vec::new());
        assert!(guard.allowed("reg.internal", sockets(&["10.0.0.1"])).is_ok());
        assert!(guard.allowed("minio.internal", sockets(&["10.0.0.2"])).is_ok());
        assert!(
            guard
                .allowed("metadata.internal", sockets(&["169.254.169.254"]))
                .is_err()
        );
    }
}
