//! The ways in which callers authenticate.

use serde_json::{Map, Value, json};

use crate::api::settings::AccessMode;

/// The ways in which callers of a service may authenticate.
pub(in crate::api) struct Credentials {
    schemes: Map<String, Value>,
    access: AccessMode,
}

impl Credentials {
    /// API keys, and the tokens of the issuers with these documents.
    pub(in crate::api) fn new(access: AccessMode, documents: impl IntoIterator<Item = String>) -> Self {
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
        let both = Credentials::new(AccessMode::Credentials, documents);
        assert_eq!(
            both.alternatives(),
            json!([{"key": []}, {"token": []}, {"token_2": []}])
        );
        assert_eq!(
            both.schemes()["token_2"]["openIdConnectUrl"],
            "https://b.example/y"
        );
        let open = Credentials::new(AccessMode::Anonymous, []);
        assert_eq!(open.alternatives(), json!([{"key": []}, {}]));
    }
}
