use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::Settings;
use super::section::Section;
use super::values::ProxyUrl;
use crate::identity::{ClaimRule, IssuerSettings, IssuerUrl, LoginSettings, Scope};
use crate::oci::RegistryPattern;

/// `[[oidc]]`: an identity provider whose access tokens the service accepts beside its own keys, and where people may
/// log in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSection {
    /// The issuer, exactly as its tokens name it in `iss`.
    pub issuer: IssuerUrl,
    /// What tokens must be meant for: one of these stands in their `aud`.
    pub audiences: Vec<String>,
    /// What claims allow; the first rule that matches a token counts.
    pub rules: Vec<OidcRule>,
    /// The id under which Tare is registered at the provider, so that people can log in with a browser.
    #[serde(default)]
    pub client_id: Option<String>,
    /// A file with the client's secret in its first line; none for a public client.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// The scopes that a login asks for.
    #[serde(default = "login_scopes")]
    pub login_scopes: Vec<String>,
    /// The claim that callers are named by.
    #[serde(default = "name_claim")]
    pub name_claim: String,
    /// Certificates, in PEM files, of authorities to trust beside those that the system trusts.
    #[serde(default)]
    pub extra_ca: Vec<PathBuf>,
    /// A proxy for requests to the issuer.
    #[serde(default)]
    pub proxy: Option<ProxyUrl>,
}

/// What tokens with a claim allow.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcRule {
    /// The claim's name, with dots between where it stands within others.
    pub claim: String,
    /// What it is, or holds.
    pub value: String,
    /// What such a token may be used for.
    pub scopes: Vec<Scope>,
    /// The registries that it sees, by name or glob; all if this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registries: Option<Vec<String>>,
    /// The cost centres whose repositories it sees; all if this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_centres: Option<Vec<String>>,
}

fn login_scopes() -> Vec<String> {
    vec!["openid".to_owned(), "profile".to_owned()]
}

fn name_claim() -> String {
    "preferred_username".to_owned()
}

impl Section for OidcSection {
    const NAME: &'static str = "oidc";
    const REPEATED: bool = true;

    fn required() -> Table {
        Table::from_iter([
            ("issuer".to_owned(), Value::from("https://login.example.com")),
            ("audiences".to_owned(), Value::Array(Vec::new())),
            ("rules".to_owned(), Value::Array(Vec::new())),
        ])
    }

    fn problems(&self, earlier: &[Self]) -> Vec<(&'static str, String)> {
        if let Err(problem) = self.issuer() {
            return vec![problem];
        }
        // With two, it would be left open which of them says what tokens allow.
        if earlier.iter().any(|section| section.issuer == self.issuer) {
            let message = format!("{} has a section already; give each issuer one", self.issuer);
            return vec![("issuer", message)];
        }
        Vec::new()
    }
}

impl OidcSection {
    /// The issuer that the section is about.
    ///
    /// # Errors
    /// The setting that contradicts others or says nothing, and what would be right.
    pub(super) fn issuer(&self) -> Result<IssuerSettings, (&'static str, String)> {
        if self.audiences.is_empty() || self.audiences.iter().any(|audience| audience.trim().is_empty()) {
            let message = "name what tokens for this service have in \"aud\": without it, tokens that anybody got for \
                           another service would be accepted";
            return Err(("audiences", message.to_owned()));
        }
        if self.rules.is_empty() {
            let message = "without a rule no token allows anything: give at least one, such as \
                           { claim = \"roles\", value = \"tare-reader\", scopes = [\"read\"] }";
            return Err(("rules", message.to_owned()));
        }
        if let Some(problem) = self.login_problem() {
            return Err(problem);
        }
        let rules = self.rules.iter().map(OidcRule::rule).collect::<Result<_, _>>();
        Ok(IssuerSettings {
            issuer: self.issuer.clone(),
            audiences: self.audiences.clone(),
            rules: rules.map_err(|message| ("rules", message))?,
            login: self.client_id.clone().map(|client_id| LoginSettings {
                client_id,
                client_secret_file: self.client_secret_file.clone(),
                scopes: self.login_scopes.clone(),
            }),
            name_claim: self.name_claim.clone(),
            extra_ca: self.extra_ca.clone(),
            proxy: self.proxy.as_ref().map(|proxy| proxy.secret().clone()),
        })
    }
}

impl OidcSection {
    /// What is wrong with the settings for logins.
    fn login_problem(&self) -> Option<(&'static str, String)> {
        match &self.client_id {
            None if self.client_secret_file.is_some() => {
                let message = "without a client_id nobody can log in: set the id that the secret belongs to";
                Some(("client_secret_file", message.to_owned()))
            }
            Some(id) if id.trim().is_empty() => {
                let message = "expected the id under which Tare is registered at the provider";
                Some(("client_id", message.to_owned()))
            }
            Some(_) if !self.login_scopes.iter().any(|scope| scope == "openid") => {
                let message = "\"openid\" must be among them: without it the provider sends no ID token";
                Some(("login_scopes", message.to_owned()))
            }
            _ => None,
        }
    }
}

impl OidcRule {
    fn rule(&self) -> Result<ClaimRule, String> {
        let Self { claim, value, .. } = self;
        if claim.trim().is_empty() || value.trim().is_empty() {
            return Err("a rule names a claim and a value of it; neither is empty".to_owned());
        }
        if self.scopes.is_empty() {
            return Err(format!(
                "the rule for {value:?} in {claim} allows nothing: name scopes, of read, crawl, ingest and admin"
            ));
        }
        for (setting, entries) in [
            ("registries", &self.registries),
            ("cost_centres", &self.cost_centres),
        ] {
            if entries.as_ref().is_some_and(Vec::is_empty) {
                return Err(format!(
                    "the rule for {value:?} in {claim} has an empty list of {setting}, so that it would show nothing: name some, \
                     or leave {setting} out for all"
                ));
            }
        }
        let pattern = |text: &String| {
            RegistryPattern::new(text).map_err(|error| format!("the rule for {value:?} in {claim}: {error}"))
        };
        let registries = self
            .registries
            .as_ref()
            .map(|texts| texts.iter().map(pattern).collect::<Result<Vec<_>, _>>());
        Ok(ClaimRule {
            claim: claim.clone(),
            value: value.clone(),
            scopes: self.scopes.clone(),
            registries: registries.transpose()?.into(),
            cost_centres: self.cost_centres.clone().into(),
        })
    }
}

impl Settings {
    /// The identity providers whose tokens the service accepts.
    pub fn issuers(&self) -> Vec<IssuerSettings> {
        // Each has been checked when it was loaded.
        self.oidc
            .iter()
            .filter_map(|section| section.issuer().ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::load;

    const RULE: &str = "{ claim = \"roles\", value = \"reader\", scopes = [\"read\"] }";

    fn with(issuer: &str, audiences: &str, rules: &str) -> String {
        format!("[[oidc]]\nissuer = {issuer:?}\naudiences = [{audiences}]\nrules = [{rules}]\n")
    }

    #[test]
    fn issuers_have_audiences_and_rules_with_the_limits_that_keys_have() {
        let text = with("https://login.example.com/realms/staff", "\"tare\"", RULE)
            + "[[oidc]]\nissuer = \"http://127.0.0.1:8081\"\naudiences = [\"a\", \"b\"]\n\
               [[oidc.rules]]\nclaim = \"groups\"\nvalue = \"finance\"\nscopes = [\"read\", \"crawl\"]\n\
               registries = [\"*.example.com\"]\ncost_centres = [\"CC-1\"]\n";
        let settings = load(&text, &[], &[]).unwrap();
        let issuers = settings.issuers();
        assert_eq!(
            issuers[0].issuer.as_str(),
            "https://login.example.com/realms/staff"
        );
        assert_eq!(issuers[0].name_claim, "preferred_username");
        let rule = &issuers[1].rules[0];
        assert_eq!((&*rule.claim, &*rule.value), ("groups", "finance"));
        assert_eq!(rule.scopes, [Scope::Read, Scope::Crawl]);
        assert!(rule.registries.limits().expect("limits")[0].matches(&"reg.example.com".parse().unwrap()));
        assert!(issuers[0].rules[0].registries.is_all() && issuers[0].rules[0].cost_centres.is_all());
        let shown = settings.show();
        assert!(
            shown.contains("cost_centres = [\"CC-1\"]") && shown.contains("tare.toml:2:10"),
            "{shown}"
        );
        assert!(load(&shown, &[], &[]).is_ok(), "{shown}");
    }

    #[test]
    fn what_would_let_in_strangers_or_nobody_is_refused_with_its_place() {
        let issuer = "https://login.example.com";
        for (text, said) in [
            (
                with("http://login.example.com", "\"tare\"", RULE),
                "tare.toml:2:10: oidc.issuer: an issuer is reached by https, because",
            ),
            (
                with(issuer, "", RULE),
                "tare.toml:3:13: oidc.audiences: name what tokens",
            ),
            (with(issuer, "\" \"", RULE), "oidc.audiences: name what tokens"),
            (
                with(issuer, "\"tare\"", ""),
                "tare.toml:4:9: oidc.rules: without a rule",
            ),
            (
                with(issuer, "\"tare\"", &RULE.replace("\"read\"", "\"write\"")),
                "unknown variant `write`, expected one of `read`, `crawl`, `ingest`, `admin`",
            ),
            (
                with(issuer, "\"tare\"", &RULE.replace("\"read\"", "")),
                "oidc.rules: the rule for \"reader\" in roles allows nothing",
            ),
            (
                with(issuer, "\"tare\"", &RULE.replace("reader", "")),
                "oidc.rules: a rule names a claim and a value",
            ),
            (
                with(
                    issuer,
                    "\"tare\"",
                    &RULE.replace(" }", ", registries = [\"[\"] }"),
                ),
                "oidc.rules: the rule for \"reader\" in roles: not a registry or a pattern of registries: \"[\": ",
            ),
            (
                with(issuer, "\"tare\"", &RULE.replace(" }", ", registries = [] }")),
                "oidc.rules: the rule for \"reader\" in roles has an empty list of registries",
            ),
            (
                with(issuer, "\"tare\"", &RULE.replace(" }", ", cost_centres = [] }")),
                "or leave cost_centres out for all",
            ),
            (
                with(issuer, "\"tare\"", &RULE.replace("scopes", "scope")),
                "oidc.rules: unknown field `scope`",
            ),
            (
                with(issuer, "\"tare\"", RULE) + &with(issuer, "\"tare\"", RULE),
                "tare.toml:6:10: oidc.issuer: https://login.example.com has a section already",
            ),
            (
                with(issuer, "\"tare\"", RULE) + "client_secret_file = \"/run/secret\"\n",
                "tare.toml:5:22: oidc.client_secret_file: without a client_id",
            ),
            (
                with(issuer, "\"tare\"", RULE) + "client_id = \" \"\n",
                "oidc.client_id: expected the id",
            ),
            (
                with(issuer, "\"tare\"", RULE) + "client_id = \"tare\"\nlogin_scopes = [\"profile\"]\n",
                "oidc.login_scopes: \"openid\" must be among them",
            ),
            (
                format!("[[oidc]]\nissuer = {issuer:?}\nrules = [{RULE}]\n"),
                "tare.toml:1:1: oidc: missing field `audiences`",
            ),
        ] {
            let refused = load(&text, &[], &[]).unwrap_err().to_string();
            assert!(refused.contains(said), "{text}{refused}");
            assert_eq!(refused.lines().count(), 1, "{refused}");
        }
    }
}
