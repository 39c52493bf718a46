//! Which price book to try first for a registry, by its host.

/// A host's form and the shipped book of the service that it belongs to.
struct Service {
    /// Whether the host, in lower case and without a port, is one of the service's.
    holds: fn(&str) -> bool,
    /// The book. Of several plans it is the one that companies usually need; a report names a cheaper plan if one is
    /// enough.
    book: &'static str,
}

/// The hosts of registry services, read from their documentation on 2026-12-01: Azure (also China, US Government), AWS
/// (private, FIPS, dual-stack and public endpoints), Google, GitHub (also GHE.com), Docker and DigitalOcean.
const SERVICES: [Service; 6] = [
    Service {
        holds: |host| {
            is_below(
                host,
                &[
                    "azurecr.io",
                    "azurecr.cn",
                    "azurecr.us",
                    "azurecr.eaglex.ic.gov",
                    "azurecr.microsoft.scloud",
                ],
            )
        },
        book: "azure-container-registry-premium",
    },
    Service {
        holds: is_ecr,
        book: "aws-ecr",
    },
    Service {
        holds: |host| is_at_or_below(host, &["gcr.io", "pkg.dev"]),
        book: "google-artifact-registry",
    },
    Service {
        holds: |host| {
            is_at_or_below(host, &["ghcr.io", "docker.pkg.github.com"])
                || (host.starts_with("containers.") && is_below(host, &["ghe.com"]))
        },
        book: "github-container-registry",
    },
    Service {
        holds: |host| is_at_or_below(host, &["docker.io", "hub.docker.com"]),
        book: "docker-hub-team",
    },
    Service {
        holds: |host| is_at_or_below(host, &["registry.digitalocean.com"]),
        book: "digitalocean-professional",
    },
];

/// The book of a registry that belongs to no service: the disk or bucket behind it has a price.
const SELF_HOSTED: &str = "self-hosted-s3";

/// The shipped price book to try first for a registry, by its host, with or without a port. It is a guess for a first
/// report: which plan a company pays for cannot be seen from outside.
pub fn suggested_book(registry: &str) -> &'static str {
    let host = registry.rsplit_once(':').map_or(registry, |(host, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) {
            host
        } else {
            registry
        }
    });
    let host = host.trim_end_matches('.').to_lowercase();
    SERVICES
        .iter()
        .find(|service| (service.holds)(&host))
        .map_or(SELF_HOSTED, |service| service.book)
}

/// `123456789012.dkr.ecr.eu-west-1.amazonaws.com` and its FIPS, dual-stack and public forms.
fn is_ecr(host: &str) -> bool {
    const PARTITIONS: [&str; 7] = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "c2s.ic.gov",
        "sc2s.sgov.gov",
        "on.aws",
        "on.amazonwebservices.com.cn",
    ];
    const PRIVATE: [&str; 4] = [".dkr.ecr.", ".dkr.ecr-fips.", ".dkr-ecr.", ".dkr-ecr-fips."];
    let is_private = PRIVATE.iter().any(|part| host.contains(part)) && is_below(host, &PARTITIONS);
    is_private || is_at_or_below(host, &["public.ecr.aws", "ecr-public.aws.com"])
}

fn is_below(host: &str, domains: &[&str]) -> bool {
    domains
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn is_at_or_below(host: &str, domains: &[&str]) -> bool {
    domains.contains(&host) || is_below(host, domains)
}

#[cfg(test)]
mod tests {
    use super::super::PriceBooks;
    use super::*;

    #[test]
    fn the_host_of_a_service_has_its_book() {
        for (registry, book) in [
            ("acme.azurecr.io", "azure-container-registry-premium"),
            ("ACME.azurecr.us:443", "azure-container-registry-premium"),
            ("acme-d2h4.azurecr.cn", "azure-container-registry-premium"),
            (
                "acme.westeurope.data.azurecr.io",
                "azure-container-registry-premium",
            ),
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "aws-ecr"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "aws-ecr"),
            ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "aws-ecr"),
            ("123456789012.dkr-ecr.us-east-1.on.aws", "aws-ecr"),
            ("123456789012.dkr-ecr-fips.us-gov-west-1.on.aws", "aws-ecr"),
            ("public.ecr.aws", "aws-ecr"),
            ("europe-west3-docker.pkg.dev", "google-artifact-registry"),
            ("gcr.io", "google-artifact-registry"),
            ("eu.gcr.io", "google-artifact-registry"),
            ("ghcr.io", "github-container-registry"),
            ("containers.acme.ghe.com", "github-container-registry"),
            ("docker.io", "docker-hub-team"),
            ("registry-1.docker.io", "docker-hub-team"),
            ("registry.digitalocean.com", "digitalocean-professional"),
            ("harbor.example.com", "self-hosted-s3"),
            ("127.0.0.1:5001", "self-hosted-s3"),
            ("[::1]:5001", "self-hosted-s3"),
            ("evilazurecr.io", "self-hosted-s3"),
            ("azurecr.io.example.com", "self-hosted-s3"),
            ("x.dkr.ecr.eu-west-1.amazonaws.com.example.com", "self-hosted-s3"),
        ] {
            assert_eq!(suggested_book(registry), book, "{registry}");
        }
    }

    #[test]
    fn every_suggestion_is_a_shipped_book() {
        let shipped = PriceBooks::shipped().unwrap();
        let books = SERVICES.iter().map(|service| service.book);
        for suggested in books.chain([SELF_HOSTED]) {
            assert!(shipped.iter().any(|book| book.id == suggested), "{suggested}");
        }
    }
}
