pub use super::keys::InvalidKeys;

/// Why the keys of an issuer cannot be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Requests to it cannot be set up.
    #[error("{0}")]
    Setup(String),
    /// It does not answer.
    #[error("{url} cannot be had: {reason}")]
    Unreachable {
        /// The URL that was asked.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// It answers with another status than 200.
    #[error("{url} answers with status {status}")]
    Status {
        /// The URL that was asked.
        url: String,
        /// The status code.
        status: u16,
    },
    /// Its answer is too large.
    #[error("{url} sends more than {limit} bytes")]
    TooLarge {
        /// The URL that was asked.
        url: String,
        /// The most bytes that are read.
        limit: usize,
    },
    /// The answer is not a discovery document.
    #[error("its document is no JSON with issuer and jwks_uri")]
    NoDocument,
    /// The discovery document is that of another issuer.
    #[error("its document says that it is {0}")]
    OtherIssuer(String),
    /// The discovery document has no endpoint for logins, or one that may not be used.
    #[error("people cannot log in there: its document has no {0} that is reached by https")]
    NoLogin(&'static str),
    /// The file with the client's secret cannot be used.
    #[error("{0}")]
    ClientSecret(String),
    /// The URL of the keys may not be asked.
    #[error("its document says that its keys are at {0}, and keys are asked for by https alone")]
    KeysUrl(String),
    /// The keys cannot be used.
    #[error("its keys cannot be used: {0}")]
    Keys(#[from] InvalidKeys),
}

impl IssuerError {
    /// What an operator can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Setup(_) => "correct extra_ca or proxy in its [[oidc]]",
            Self::Unreachable { .. } => {
                "check the issuer's address and the network between; extra_ca and proxy in its [[oidc]] help where \
                 the network asks for them"
            }
            Self::Status { .. } | Self::NoDocument => {
                "the issuer is the text before /.well-known/openid-configuration at which a browser shows its document, \
                 and that document must be readable without logging in"
            }
            Self::OtherIssuer(_) => {
                "write the issuer in its [[oidc]] exactly as its document does, slash at the end included; it must be that \
                 of one tenant"
            }
            Self::NoLogin(_) => {
                "remove client_id from its [[oidc]], so that people use access tokens or keys, or ask the operators of \
                 the issuer"
            }
            Self::ClientSecret(_) => {
                "correct client_secret_file in its [[oidc]], or remove it if Tare is a public client there"
            }
            Self::TooLarge { .. } | Self::KeysUrl(_) | Self::Keys(_) => {
                "ask the operators of the issuer; its tokens cannot be checked like this"
            }
        }
    }
}
