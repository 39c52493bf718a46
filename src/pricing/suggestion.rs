//! Which price book to try first for a registry, by its host.

use crate::oci::Vendor;

/// The shipped price book to try first for a registry, by its host, with or without a port. It is a guess for a first
/// report: which plan a company pays for cannot be seen from outside. Of several plans it is the one that companies usually
/// need; a report names a cheaper plan if one is enough.
pub fn suggested_book(registry: &str) -> &'static str {
    match Vendor::of(registry) {
        Vendor::Azure => "azure-container-registry-premium",
        Vendor::AmazonEcr => "aws-ecr",
        Vendor::AmazonEcrPublic => "aws-ecr-public",
        Vendor::Google => "google-artifact-registry",
        Vendor::GitHub => "github-container-registry",
        Vendor::DockerHub => "docker-hub-team",
        Vendor::DigitalOcean => "digitalocean-professional",
        Vendor::GitLab => "gitlab-com",
        Vendor::JFrog => "jfrog-cloud-pro",
        // No book of Quay.io ships. Of a registry of one's own, the disk or bucket behind it has a price.
        Vendor::Quay | Vendor::Other => "self-hosted-s3",
    }
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
            ("public.ecr.aws", "aws-ecr-public"),
            ("registry.gitlab.com", "gitlab-com"),
            ("acme.jfrog.io", "jfrog-cloud-pro"),
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
        for host in [
            "acme.azurecr.io",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "public.ecr.aws",
            "gcr.io",
            "ghcr.io",
            "docker.io",
            "registry.digitalocean.com",
            "registry.gitlab.com",
            "acme.jfrog.io",
            "quay.io",
            "reg.example.com",
        ] {
            let suggested = suggested_book(host);
            assert!(shipped.iter().any(|book| book.id == suggested), "{suggested}");
        }
    }
}
