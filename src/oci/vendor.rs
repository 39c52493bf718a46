use super::host::host_without_port;

/// The service that a registry belongs to, by its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vendor {
    /// Azure Container Registry, in each of Azure's clouds.
    Azure,
    /// Amazon ECR, private registries.
    AmazonEcr,
    /// Amazon ECR Public.
    AmazonEcrPublic,
    /// Google Artifact Registry, also behind `gcr.io`.
    Google,
    /// GitHub Container Registry, also of GHE.com.
    GitHub,
    /// Docker Hub.
    DockerHub,
    /// DigitalOcean Container Registry.
    DigitalOcean,
    /// GitLab.com.
    GitLab,
    /// JFrog Cloud.
    JFrog,
    /// Quay.io.
    Quay,
    /// A host of none of these services: a registry of one's own, or another service.
    Other,
}

/// The domains of Azure's registries: public cloud, China and US government (Azure documentation, "Azure Container
/// Registry FAQ", 2026), and the isolated US clouds (the lists of AKS' and Kubernetes' credential providers, 2026).
pub const AZURE_DOMAINS: [&str; 5] = [
    "azurecr.io",
    "azurecr.cn",
    "azurecr.us",
    "azurecr.eaglex.ic.gov",
    "azurecr.microsoft.scloud",
];

/// What of a registry cannot be seen by the vendor's nature, and what an account needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VendorFacts {
    /// The vendor's name for people.
    pub name: &'static str,
    /// What an account needs to read everything.
    pub rights: &'static str,
    /// Where counted pulls come from.
    pub pulls: &'static str,
    /// What is stored or billed and cannot be seen; empty if nothing is known to be.
    pub unseen: &'static str,
}

impl Vendor {
    /// The vendor of a host, with or without a port. Hosts were read from the services' documentation on 2026-12-01.
    pub fn of(registry: &str) -> Self {
        let host = host_without_port(registry).trim_end_matches('.').to_lowercase();
        let host = host.as_str();
        if is_below(host, &AZURE_DOMAINS) {
            Self::Azure
        } else if is_ecr(host) {
            Self::AmazonEcr
        } else if is_at_or_below(host, &["public.ecr.aws", "ecr-public.aws.com"]) {
            Self::AmazonEcrPublic
        } else if is_at_or_below(host, &["gcr.io", "pkg.dev"]) {
            Self::Google
        } else if is_at_or_below(host, &["ghcr.io", "docker.pkg.github.com"])
            || (host.starts_with("containers.") && is_below(host, &["ghe.com"]))
        {
            Self::GitHub
        } else if is_at_or_below(host, &["docker.io", "hub.docker.com"]) {
            Self::DockerHub
        } else if is_at_or_below(host, &["registry.digitalocean.com"]) {
            Self::DigitalOcean
        } else if is_at_or_below(host, &["registry.gitlab.com"]) {
            Self::GitLab
        } else if is_below(host, &["jfrog.io"]) {
            Self::JFrog
        } else if is_at_or_below(host, &["quay.io"]) {
            Self::Quay
        } else {
            Self::Other
        }
    }

    /// What is known of the vendor. Sources and dates: `docs/vendors.md`.
    pub fn facts(self) -> VendorFacts {
        match self {
            Self::Azure => VendorFacts {
                name: "Azure Container Registry",
                rights: "the role AcrPull; with ABAC, Container Registry Repository Reader and Repository Catalog Lister",
                pulls: "the table ContainerRegistryRepositoryEvents; the metric SuccessfulPullCount as a limit",
                unseen: "layers that soft delete keeps, copies in other regions, converted copies of artifact streaming",
            },
            Self::AmazonEcr => VendorFacts {
                name: "Amazon ECR",
                rights: "ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer, ecr:ListImages, \
                         ecr:DescribeRepositories",
                pulls: "CloudTrail, or CloudWatch's RepositoryPullCount",
                unseen: "which layers are mounted across repositories, archived images, untagged images",
            },
            Self::AmazonEcrPublic => VendorFacts {
                name: "Amazon ECR Public",
                rights: "none for public repositories; name them, since there is no catalogue",
                pulls: "none known",
                unseen: "untagged images",
            },
            Self::Google => VendorFacts {
                name: "Google Artifact Registry",
                rights: "roles/artifactregistry.reader",
                pulls: "the audit log with data access (DATA_READ, off by default)",
                unseen: "",
            },
            Self::GitHub => VendorFacts {
                name: "GitHub Container Registry",
                rights: "a token with the scope read:packages; name the repositories, since there is no catalogue",
                pulls: "none known",
                unseen: "untagged versions",
            },
            Self::DockerHub => VendorFacts {
                name: "Docker Hub",
                rights: "read access; name the repositories, since there is no catalogue",
                pulls: "the pull usage report",
                unseen: "untagged images",
            },
            Self::DigitalOcean => VendorFacts {
                name: "DigitalOcean Container Registry",
                rights: "a token with read access to the registry",
                pulls: "none known",
                unseen: "untagged manifests until garbage is collected",
            },
            Self::GitLab => VendorFacts {
                name: "GitLab.com",
                rights: "a token with the scope read_registry; name the repositories",
                pulls: "none known",
                unseen: "untagged manifests",
            },
            Self::JFrog => VendorFacts {
                name: "JFrog Cloud",
                rights: "read access to the Docker repository",
                pulls: "none known",
                unseen: "untagged manifests",
            },
            Self::Quay => VendorFacts {
                name: "Quay.io",
                rights: "a robot account with read access to the repositories",
                pulls: "none known",
                unseen: "untagged manifests, tags that the time machine keeps",
            },
            Self::Other => VendorFacts {
                name: "no known service",
                rights: "read access; for the catalogue, usually an administrator's",
                pulls: "notifications of CNCF Distribution or Harbor, Harbor's counters or audit log, Kubernetes' events",
                unseen: "untagged manifests",
            },
        }
    }
}

/// Whether a host is a private registry of AWS (`ACCOUNT.dkr.ecr.REGION.amazonaws.com` and its other forms).
fn is_ecr(host: &str) -> bool {
    /// The domains after the region: public cloud, China, Europe's sovereign cloud, dual stack, and the isolated clouds
    /// (the list of Kubernetes' credential provider for ECR, `ecr-credential-provider`, 2026).
    const DOMAINS: [&str; 9] = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "on.aws",
        "on.amazonwebservices.com.cn",
        "c2s.ic.gov",
        "sc2s.sgov.gov",
        "csp.hci.ic.gov",
        "cloud.adc-e.uk",
    ];
    /// What stands between the account and the region.
    const SERVICES: [&str; 4] = ["dkr.ecr", "dkr.ecr-fips", "dkr-ecr", "dkr-ecr-fips"];
    let Some((account, rest)) = host.split_once('.') else {
        return false;
    };
    let after_service = SERVICES
        .iter()
        .find_map(|service| rest.strip_prefix(service)?.strip_prefix('.'));
    let Some((region, domain)) = after_service.and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    !account.is_empty() && !region.is_empty() && DOMAINS.contains(&domain)
}

fn is_below(host: &str, domains: &[&str]) -> bool {
    domains
        .iter()
        .filter_map(|domain| host.strip_suffix(domain)?.strip_suffix('.'))
        .any(|name| !name.is_empty())
}

fn is_at_or_below(host: &str, domains: &[&str]) -> bool {
    domains.contains(&host) || is_below(host, domains)
}
