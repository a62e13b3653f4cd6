//! Who changed something, why, and when: kept beside each entry, never sent to a proxy.

use std::fmt;

use serde::{Deserialize, Serialize};
use tenantguard::time::UnixTime;

/// Why a text may not be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// More than its limit.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// A control character: it would not stay on its line of a log.
    #[error("has a control character at byte {0}")]
    Control(usize),
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $limit:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks `text`.
            ///
            /// # Errors
            /// [`TextError`] says what is wrong with it.
            pub fn parse(text: &str) -> Result<Self, TextError> {
                if text.trim().is_empty() {
                    return Err(TextError::Empty);
                }
                if text.len() > $limit {
                    return Err(TextError::TooLong($limit));
                }
                match text.char_indices().find(|(_, c)| c.is_control()) {
                    Some((at, _)) => Err(TextError::Control(at)),
                    None => Ok(Self(text.into())),
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text! {
    /// Who asked for a change, as the API knows its callers: at most 256 bytes.
    Actor, 256
}

text! {
    /// Why: at most 1,024 bytes.
    Reason, 1024
}

/// Who changed something and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: Reason,
}

/// A [`Note`] with its moment, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: Reason,
    /// When, by the service's wall clock.
    pub at: UnixTime,
}

impl Record {
    /// Stands where the record of an entry is missing, which only somebody else's writing into the
    /// store can bring about.
    #[must_use]
    pub fn unknown() -> Self {
        let unknown: Box<str> = "unknown".into();
        let (by, reason) = (Actor(unknown.clone()), Reason(unknown));
        Self { by, reason, at: UnixTime::from_secs(0) }
    }
}
