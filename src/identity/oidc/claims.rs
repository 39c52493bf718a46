//! What the claims of a token allow, and the name of its bearer.

use serde_json::Value;

use super::settings::{ClaimRule, IssuerSettings};
use super::verify::Claims;
use crate::identity::Caller;
use crate::oci::text::printable_prefix;

/// The most characters of a caller's name from a claim. Our choice: as for the names of API keys.
const LONGEST_NAME: usize = 100;
/// The most rules that the answer names if none of them matches. Our choice: a header has room for them.
const MOST_EXPECTED: usize = 10;
/// Claims whose text is a list of words (RFC 8693, section 4.2; `scp` in Entra ID and Okta). The text of any other claim is
/// one value: a word in a name that people choose themselves must not match.
const LISTS_OF_WORDS: [&str; 2] = ["scope", "scp"];

/// The caller with these claims, by the first rule that matches; `None` if no rule does.
pub(super) fn caller(claims: &Claims, settings: &IssuerSettings) -> Option<Caller> {
    let rule = settings.rules.iter().find(|rule| matches(claims, rule))?;
    Some(Caller::new(
        name(claims, settings),
        rule.scopes.clone(),
        rule.registries.clone(),
        rule.cost_centres.clone(),
    ))
}

/// The claims that the rules ask for and those with the name, whole as they stand in the token. Others are not kept for a
/// session.
pub(super) fn needed(claims: Claims, settings: &IssuerSettings) -> Claims {
    let rules = settings.rules.iter().map(|rule| rule.claim.as_str());
    let names: Vec<&str> = rules.chain([settings.name_claim.as_str(), "sub"]).collect();
    claims
        .into_iter()
        .filter(|(claim, _)| {
            names.iter().any(|name| {
                let rest = name.strip_prefix(claim.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        })
        .collect()
}

/// The claims that the rules ask for, for the answer to a token that matches none of them.
pub(super) fn expected(settings: &IssuerSettings) -> String {
    let mut expected: Vec<String> = settings
        .rules
        .iter()
        .map(|rule| format!("{:?} in {}", rule.value, rule.claim))
        .take(MOST_EXPECTED)
        .collect();
    if settings.rules.len() > MOST_EXPECTED {
        expected.push("others".to_owned());
    }
    expected.join(" or ")
}

fn matches(claims: &Claims, rule: &ClaimRule) -> bool {
    match find(claims, &rule.claim) {
        Some(Value::Array(items)) => items.iter().any(|item| is(item, &rule.value)),
        Some(Value::String(text)) if LISTS_OF_WORDS.contains(&rule.claim.as_str()) => {
            text.split_ascii_whitespace().any(|word| word == rule.value)
        }
        Some(value) => is(value, &rule.value),
        None => false,
    }
}

/// Whether a claim is a value. Booleans and numbers are compared as text.
fn is(claim: &Value, value: &str) -> bool {
    match claim {
        Value::String(text) => text == value,
        Value::Bool(truth) => value == if *truth { "true" } else { "false" },
        Value::Number(number) => number.to_string().as_str() == value,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// The claim with a name in which dots lead into objects. Names may contain dots themselves (`kubernetes.io.namespace`,
/// `https://example.com/roles`), so the longest name that exists wins.
fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    name.rmatch_indices('.').find_map(|(dot, _)| {
        let within = claims.get(&name[..dot])?.as_object()?;
        find(within, &name[dot + 1..])
    })
}

/// The caller's name in the log and in the records of crawls: the text of a claim, which may be anything, and the issuer,
/// since the alice of one issuer is not the alice of another.
fn name(claims: &Claims, settings: &IssuerSettings) -> String {
    let text = |claim: &str| {
        find(claims, claim)?
            .as_str()
            .filter(|text| !text.trim().is_empty())
    };
    let said = text(&settings.name_claim)
        .or_else(|| text("sub"))
        .unwrap_or("somebody");
    format!(
        "{} ({})",
        printable_prefix(said.trim(), LONGEST_NAME),
        settings.issuer.host()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::{Scope, Visible};

    fn rule(claim: &str, value: &str, scopes: &[Scope]) -> ClaimRule {
        ClaimRule {
            claim: claim.to_owned(),
            value: value.to_owned(),
            scopes: scopes.to_vec(),
            registries: Visible::All,
            cost_centres: Visible::All,
        }
    }

    fn settings(rules: Vec<ClaimRule>) -> IssuerSettings {
        IssuerSettings {
            login: None,
            issuer: "https://login.example.com/realms/staff".parse().unwrap(),
            audiences: vec!["tare".to_owned()],
            rules,
            name_claim: "preferred_username".to_owned(),
            extra_ca: Vec::new(),
            proxy: None,
        }
    }

    fn has(claims: &Value, claim: &str, value: &str) -> bool {
        let settings = settings(vec![rule(claim, value, &[Scope::Read])]);
        caller(claims.as_object().unwrap(), &settings).is_some()
    }

    #[test]
    fn a_session_keeps_the_claims_that_rules_and_names_need() {
        let rules = [
            rule("realm_access.roles", "x", &[Scope::Read]),
            rule("kubernetes.io.namespace", "x", &[Scope::Read]),
        ];
        let claims = json!({
            "sub": "1", "preferred_username": "alice", "realm_access": {"roles": ["x"]}, "realm": "x", "email": "a@b.c",
            "kubernetes.io": {"namespace": "x"}, "kubernetes": "x", "nonce": "n",
        });
        let kept = needed(claims.as_object().unwrap().clone(), &settings(rules.to_vec()));
        let mut names: Vec<&str> = kept.keys().map(String::as_str).collect();
        names.sort_unstable();
        let expected = [
            "kubernetes",
            "kubernetes.io",
            "preferred_username",
            "realm_access",
            "sub",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_claim_is_a_text_a_list_or_words_and_may_stand_within_others() {
        let claims = json!({
            "roles": ["Tare.Reader", "Other"],
            "scope": "openid tare.read",
            "scp": ["tare.read"],
            "realm_access": {"roles": ["tare-reader"]},
            "kubernetes.io": {"namespace": "finance", "serviceaccount": {"name": "ci"}},
            "https://example.com/roles": ["reader"],
            "repository_owner": "acme",
            "email_verified": true,
            "department": 42,
        });
        for (claim, value) in [
            ("roles", "Tare.Reader"),
            ("scope", "tare.read"),
            ("scp", "tare.read"),
            ("realm_access.roles", "tare-reader"),
            ("kubernetes.io.namespace", "finance"),
            ("kubernetes.io.serviceaccount.name", "ci"),
            ("https://example.com/roles", "reader"),
            ("repository_owner", "acme"),
            ("email_verified", "true"),
            ("department", "42"),
        ] {
            assert!(has(&claims, claim, value), "{claim}");
            assert!(!has(&claims, claim, &format!("{value}x")), "{claim}");
        }
        for (claim, value) in [
            ("scope", "openid tare.read"),
            ("scope", "tare"),
            ("roles", "tare.reader"),
            ("roles.0", "Tare.Reader"),
            ("realm_access", "tare-reader"),
            ("missing", ""),
            ("realm_access.roles.x", "tare-reader"),
        ] {
            assert!(!has(&claims, claim, value), "{claim}");
        }
        // People choose their names themselves.
        assert!(!has(&json!({"name": "Joe admin"}), "name", "admin"));
    }

    #[test]
    fn the_first_rule_that_matches_counts_with_all_its_limits() {
        let pattern = crate::oci::RegistryPattern::new("*.example.com").unwrap();
        let mut limited = rule("groups", "finance", &[Scope::Read]);
        limited.registries = Visible::Only(vec![pattern]);
        limited.cost_centres = Visible::Only(vec!["CC-1".to_owned()]);
        let settings = settings(vec![
            rule("groups", "operators", &[Scope::Read, Scope::Crawl]),
            limited,
            rule("groups", "root", &[Scope::Admin]),
        ]);
        let of = |groups: &[&str]| caller(json!({"groups": groups}).as_object().unwrap(), &settings);
        let operator = of(&["finance", "operators"]).unwrap();
        assert!(operator.may(Scope::Crawl) && !operator.may(Scope::Admin) && operator.sees_everything());
        let finance = of(&["root", "finance"]).unwrap();
        assert!(finance.may(Scope::Read) && !finance.may(Scope::Crawl));
        assert!(finance.sees(&"reg.example.com".parse().unwrap()));
        assert!(!finance.sees(&"reg.example.org".parse().unwrap()));
        assert!(!finance.sees_whole_registries());
        assert!(of(&["guests"]).is_none() && of(&[]).is_none());
        let expected = expected(&settings);
        assert!(
            expected.starts_with("\"operators\" in groups or \"finance\" in groups"),
            "{expected}"
        );
    }

    #[test]
    fn a_caller_is_named_by_a_claim_and_its_issuer_whatever_the_claim_holds() {
        let settings = settings(vec![rule("aud", "tare", &[Scope::Read])]);
        let named = |claims: Value| name(claims.as_object().unwrap(), &settings);
        let at = " (login.example.com)";
        assert_eq!(
            named(json!({"preferred_username": "alice", "sub": "1"})),
            format!("alice{at}")
        );
        assert_eq!(
            named(json!({"preferred_username": " ", "sub": "1"})),
            format!("1{at}")
        );
        assert_eq!(named(json!({"sub": 7})), format!("somebody{at}"));
        let hostile = named(json!({"sub": format!("a\n\u{1b}[31m\u{202e}{}", "é".repeat(500))}));
        assert!(
            !hostile.chars().any(char::is_control) && !hostile.contains('\u{202e}'),
            "{hostile}"
        );
        assert!(
            hostile.chars().count() < 150 && hostile.ends_with(at),
            "{hostile}"
        );
    }
}
