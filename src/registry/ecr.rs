//! Particulars of AWS Elastic Container Registry.

/// The domains of its registries after the region: public cloud, China, dual stack, and the isolated clouds (the list of
/// Kubernetes' credential provider for ECR, `ecr-credential-provider`, 2026).
const DOMAINS: [&str; 8] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "csp.hci.ic.gov",
    "cloud.adc-e.uk",
];
/// What stands between the account and the region.
const SERVICES: [&str; 4] = ["dkr.ecr", "dkr.ecr-fips", "dkr-ecr", "dkr-ecr-fips"];

/// Whether a host is a private registry of AWS (`ACCOUNT.dkr.ecr.REGION.amazonaws.com` and its other forms).
pub fn is_ecr_registry(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
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
