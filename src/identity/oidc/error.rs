pub use super::keys::InvalidKeys;

/// Why an issuer's keys cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Requests to it cannot even be set up.
    #[error("{0}")]
    Setup(String),
    /// It does not answer.
    #[error("{url} cannot be had: {reason}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// It answers with something other than success.
    #[error("{url} answers with status {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The status code.
        status: u16,
    },
    /// It sends more than anybody would need.
    #[error("{url} sends more than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The most bytes that are read.
        limit: usize,
    },
    /// What is there is no document of an issuer.
    #[error("its document is no JSON with issuer and jwks_uri")]
    NoDocument,
    /// What is there is the document of another issuer.
    #[error("its document says that it is {0}")]
    OtherIssuer(String),
    /// The keys are where they may not be asked for.
    #[error("its document says that its keys are at {0}, and keys are asked for by https alone")]
    PlaceOfKeys(String),
    /// The keys will not do.
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
            Self::TooLarge { .. } | Self::PlaceOfKeys(_) | Self::Keys(_) => {
                "ask whoever runs the issuer; its tokens cannot be checked like this"
            }
        }
    }
}
