//! Columns that are read without a copy that an answer does not need.

use sqlx::postgres::{PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::{Decode, Postgres, Type};

use crate::oci::Digest;

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Type<Postgres> for Digest {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }

    fn compatible(found: &PgTypeInfo) -> bool {
        <str as Type<Postgres>>::compatible(found)
    }
}

impl PgHasArrayType for Digest {
    fn array_type_info() -> PgTypeInfo {
        <&str as PgHasArrayType>::array_type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Digest {
    fn decode(value: PgValueRef<'r>) -> Result<Self, Failure> {
        Ok(<&str as Decode<Postgres>>::decode(value)?.parse()?)
    }
}

/// The text of a column, JSON or not, as the database sends it. It is parsed only if its content is not known yet.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RawText(Box<[u8]>);

impl RawText {
    /// The bytes of the text.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Type<Postgres> for RawText {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }

    fn compatible(found: &PgTypeInfo) -> bool {
        <str as Type<Postgres>>::compatible(found) || <serde_json::Value as Type<Postgres>>::compatible(found)
    }
}

impl<'r> Decode<'r, Postgres> for RawText {
    fn decode(value: PgValueRef<'r>) -> Result<Self, Failure> {
        Ok(Self(value.as_bytes()?.into()))
    }
}
