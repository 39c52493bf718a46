//! The ways in which callers authenticate.

use serde_json::{Map, Value, json};

use crate::api::settings::AccessMode;

/// The ways in which callers of a service may authenticate.
pub(in crate::api) struct Credentials {
    schemes: Map<String, Value>,
    access: AccessMode,
}

impl Credentials {
    /// API keys, the tokens of the issuers with these documents, and logins with this cookie if people can log in.
    pub(in crate::api) fn new(
        access: AccessMode,
        documents: impl IntoIterator<Item = String>,
        session_cookie: Option<&str>,
    ) -> Self {
        let key = json!({
            "type": "http",
            "scheme": "bearer",
            "description": "A key created with `tare key create`. Each operation states the scope that it needs.",
        });
        let mut schemes = Map::from_iter([("key".to_owned(), key)]);
        for (place, document) in documents.into_iter().enumerate() {
            let name = match place {
                0 => "token".to_owned(),
                place => format!("token_{}", place + 1),
            };
            let token = json!({
                "type": "openIdConnect",
                "openIdConnectUrl": document,
                "description": "An access token of this identity provider (a JWT), sent like a key. The operator's \
                                claim rules determine its scopes.",
            });
            schemes.insert(name, token);
        }
        if let Some(cookie) = session_cookie {
            let login = json!({
                "type": "apiKey",
                "in": "cookie",
                "name": cookie,
                "description": "A login with a browser at `/auth/login`. Requests that change something must come \
                                from the service's own page and need the header `X-Requested-With`.",
            });
            schemes.insert("login".to_owned(), login);
        }
        Self { schemes, access }
    }

    /// The security schemes by name.
    pub(super) fn schemes(&self) -> &Map<String, Value> {
        &self.schemes
    }

    /// Any of them is accepted, if one is needed.
    pub(super) fn alternatives(&self) -> Value {
        let named = self.schemes.keys().map(|name| json!({name: []}));
        let nothing = (self.access == AccessMode::Anonymous).then(|| json!({}));
        named.chain(nothing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_a_token_of_each_issuer_are_alternatives() {
        let documents = ["https://a.example/x", "https://b.example/y"].map(str::to_owned);
        let both = Credentials::new(AccessMode::Credentials, documents, None);
        assert_eq!(
            both.alternatives(),
            json!([{"key": []}, {"token": []}, {"token_2": []}])
        );
        assert_eq!(
            both.schemes()["token_2"]["openIdConnectUrl"],
            "https://b.example/y"
        );
        let open = Credentials::new(AccessMode::Anonymous, [], None);
        assert_eq!(open.alternatives(), json!([{"key": []}, {}]));
        let login = Credentials::new(AccessMode::Credentials, [], Some("__Host-tare-session"));
        assert_eq!(login.alternatives(), json!([{"key": []}, {"login": []}]));
        assert_eq!(login.schemes()["login"]["name"], "__Host-tare-session");
    }
}
