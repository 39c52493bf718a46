use super::finding::Finding;
use crate::oci::{RegistryName, Vendor, VendorFacts};

/// Which service a registry belongs to by its host, what an account needs there, where pulls come from, and what cannot
/// be seen.
pub(super) fn vendor(registry: &RegistryName) -> Finding {
    let VendorFacts {
        name,
        rights,
        pulls,
        unseen,
    } = Vendor::of(registry.as_str()).facts();
    let mut text = format!("{name}; needs {rights}; pulls are counted by {pulls}");
    if !unseen.is_empty() {
        text.push_str(&format!("; cannot be seen: {unseen}"));
    }
    Finding::Well(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(registry: &str) -> String {
        match vendor(&registry.parse().unwrap()) {
            Finding::Well(text) => text,
            Finding::Amiss(problem, _) => panic!("{problem}"),
        }
    }

    #[test]
    fn the_vendor_of_a_registry_says_what_it_needs_and_hides() {
        let azure = text("acme.azurecr.io");
        for said in [
            "Azure Container Registry",
            "AcrPull",
            "ContainerRegistryRepositoryEvents",
            "soft delete",
        ] {
            assert!(azure.contains(said), "{azure}");
        }
        assert!(text("123456789012.dkr.ecr.eu-west-1.amazonaws.com").contains("CloudTrail"));
        let google = text("europe-west3-docker.pkg.dev");
        assert!(!google.contains("cannot be seen"), "{google}");
        assert!(text("reg.example.com:5000").starts_with("no known service"));
    }
}
