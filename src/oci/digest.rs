use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256, Sha512};

/// A content digest: `sha256:…` or `sha512:…` in lower-case hexadecimal.
///
/// The OCI image specification registers only these two algorithms, and only their exact lengths are accepted: a
/// looser parser would let a registry smuggle path separators into later requests (CVE-2024-3727).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema)]
#[schemars(
    inline,
    with = "String",
    description = "",
    extend("pattern" = "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$")
)]
pub enum Digest {
    /// SHA-256, 32 bytes.
    Sha256([u8; 32]),
    /// SHA-512, 64 bytes.
    Sha512([u8; 64]),
}

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: expected sha256: and 64, or sha512: and 128, lower-case hexadecimal digits")]
pub struct InvalidDigest;

impl Digest {
    /// The SHA-256 digest of content.
    pub fn sha256_of(content: &[u8]) -> Self {
        Self::Sha256(Sha256::digest(content).into())
    }

    /// Whether `content` has this digest, computed with the digest's own algorithm.
    pub fn matches(&self, content: &[u8]) -> bool {
        match self {
            Self::Sha256(expected) => Sha256::digest(content)[..] == expected[..],
            Self::Sha512(expected) => Sha512::digest(content)[..] == expected[..],
        }
    }

    /// The hexadecimal digits, without the algorithm.
    pub fn hex(&self) -> String {
        let bytes = match self {
            Self::Sha256(bytes) => bytes.as_slice(),
            Self::Sha512(bytes) => bytes.as_slice(),
        };
        hex::encode(bytes)
    }

    /// `sha256:` and the first twelve digits, the usual short form.
    pub fn short(&self) -> String {
        format!("{}:{}", self.algorithm(), &self.hex()[..12])
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::Sha512(_) => "sha512",
        }
    }
}

fn decode<const LENGTH: usize>(digits: &str) -> Result<[u8; LENGTH], InvalidDigest> {
    // `hex` reads upper-case digits too, which a digest does not have.
    if digits.contains(|digit: char| digit.is_ascii_uppercase()) {
        return Err(InvalidDigest);
    }
    let mut bytes = [0; LENGTH];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| InvalidDigest)?;
    Ok(bytes)
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        match text.split_once(':') {
            Some(("sha256", digits)) => decode(digits).map(Self::Sha256),
            Some(("sha512", digits)) => decode(digits).map(Self::Sha512),
            _ => Err(InvalidDigest),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.algorithm(), self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_verifies() {
        let digest = Digest::sha256_of(b"tare");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!(digest.matches(b"tare"));
        assert!(!digest.matches(b"net"));
        let long: Digest = format!("sha512:{:x}", Sha512::digest(b"tare")).parse().unwrap();
        assert!(long.matches(b"tare"));
        assert_eq!(long.to_string().parse(), Ok(long));
    }

    #[test]
    fn refuses_everything_else() {
        let good = Digest::sha256_of(b"").hex();
        for bad in [
            good.clone(),
            format!("sha256:{}", good.to_uppercase()),
            format!("sha256:{good}0"),
            format!("sha256:{}", &good[1..]),
            format!("sha512:{good}"),
            format!("md5:{good}"),
            format!("sha256:../{}", &good[3..]),
            format!("sha256:{}é", &good[2..]),
            String::new(),
        ] {
            assert_eq!(bad.parse::<Digest>(), Err(InvalidDigest), "{bad}");
        }
    }
}
