//! Names as types: what a tenant, a principal, a role or a permission may be called.
//!
//! A value of one of these types has been checked: it is short, and it can stand in a header, a
//! Redis key, a log line or a URL path without being quoted. Nothing else in the core carries an
//! identity as a bare string.

use std::fmt;
use std::sync::Arc;

/// The longest name that is accepted, in bytes.
pub const NAME_LIMIT: usize = 128;
/// The longest subject of a principal that is accepted, in bytes.
pub const SUBJECT_LIMIT: usize = 256;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text is empty.
    #[error("is empty")]
    Empty,
    /// The text is longer than its limit.
    #[error("is longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A character that this kind of name may not have.
    #[error("has {found:?} at byte {at}; allowed are {allowed}")]
    Character {
        /// The first offending character.
        found: char,
        /// Its offset in bytes.
        at: usize,
        /// What is allowed, in words.
        allowed: &'static str,
    },
    /// A permission that is not `resource:action`.
    #[error("is not of the form resource:action")]
    NotResourceAction,
    /// A principal that is not `namespace/subject`.
    #[error("is not of the form namespace/subject")]
    NotNamespaceSubject,
    /// A principal that is spelled in another way than the one that it has.
    #[error("is spelled {spelled}")]
    Spelling {
        /// The spelling.
        spelled: Arc<str>,
    },
}

fn check(
    text: &str,
    limit: usize,
    allowed: &'static str,
    is_allowed: impl Fn(usize, char) -> bool,
) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > limit {
        return Err(NameError::TooLong { limit });
    }
    match text.char_indices().find(|&(at, c)| !is_allowed(at, c)) {
        Some((at, found)) => Err(NameError::Character { found, at, allowed }),
        None => Ok(()),
    }
}

const PLAIN: &str = "letters, digits, and after the first character `.`, `_` and `-`";

/// Which bytes a plain name may have behind its first one.
static IS_PLAIN: [bool; 256] = {
    let mut is_plain = [false; 256];
    let (mut rest, mut byte) = (is_plain.as_mut_slice(), 0_u8);
    while let Some((first, others)) = rest.split_first_mut() {
        *first = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        (rest, byte) = (others, byte.wrapping_add(1));
    }
    is_plain
};

/// A feed has names by the ten thousand, so those that are good are found to be good byte by byte.
fn check_plain(text: &str) -> Result<(), NameError> {
    let is_allowed = |byte: u8| IS_PLAIN.get(usize::from(byte)) == Some(&true);
    let begins_well = text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
    if begins_well && text.len() <= NAME_LIMIT && text.bytes().all(is_allowed) {
        return Ok(());
    }
    check(text, NAME_LIMIT, PLAIN, |at, c| {
        c.is_ascii_alphanumeric() || (at > 0 && matches!(c, '.' | '_' | '-'))
    })
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` and makes it a name.
            ///
            /// # Errors
            /// [`NameError`], which says what is wrong with the text.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(text)?;
                Ok(Self(text.into()))
            }

            /// Whether `text` is such a name.
            #[must_use]
            pub fn is_name(text: &str) -> bool {
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(text).is_ok()
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The name as text that is shared with it.
            #[must_use]
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// A tenant: letters, digits, `.`, `_`, `-`. Compared byte for byte, so `Acme` is not `acme`.
    TenantId, check_plain
}

name! {
    /// A role of the policy, spelled like a [`TenantId`].
    RoleName, check_plain
}

name! {
    /// The namespace in which an issuer's subjects are unique, spelled like a [`TenantId`].
    Namespace, check_plain
}

name! {
    /// A cell: the name of the Envoy cluster that serves a tenant.
    CellName, check_plain
}

name! {
    /// A permission, `resource:action`. Wildcards exist in the policy's source only.
    PermissionName, |text| {
        check(text, NAME_LIMIT, "letters, digits, `.`, `_`, `-` and one `:`", |_, c| {
            c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':')
        })?;
        match text.split_once(':') {
            Some((resource, action))
                if !resource.is_empty() && !action.is_empty() && !action.contains(':') => Ok(()),
            _ => Err(NameError::NotResourceAction),
        }
    }
}

/// Who acts: a subject within the namespace of the issuer that vouches for it.
///
/// Two issuers share a namespace only when both declare it, so one provider's `bob` is never
/// another's.
///
/// It is spelled `namespace/subject`, where every byte of the subject that is not visible ASCII,
/// and `%`, `,` and `"`, is percent-encoded: one principal has one spelling, fit for a header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId {
    namespace: Namespace,
    subject: Arc<str>,
    /// Spelled once, because every record and every upstream gets it.
    spelled: Arc<str>,
}

impl PrincipalId {
    /// Checks `subject` and places it in `namespace`.
    ///
    /// # Errors
    /// [`NameError`] if the subject is empty, longer than [`SUBJECT_LIMIT`] or has a control
    /// character.
    pub fn new(namespace: Namespace, subject: &str) -> Result<Self, NameError> {
        check(subject, SUBJECT_LIMIT, "all but control characters", |_, c| !c.is_control())?;
        let spelled = spell(&namespace, subject).into();
        Ok(Self { namespace, subject: subject.into(), spelled })
    }

    /// Reads a principal as [`PrincipalId::as_str`] spells it.
    ///
    /// # Errors
    /// [`NameError`] if this is no principal, or not its one spelling.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (namespace, spelled) = text.split_once('/').ok_or(NameError::NotNamespaceSubject)?;
        let subject = percent_decode(spelled).ok_or(NameError::NotNamespaceSubject)?;
        let principal = Self::new(Namespace::parse(namespace)?, &subject)?;
        match principal.as_str() == text {
            true => Ok(principal),
            false => Err(NameError::Spelling { spelled: principal.spelled }),
        }
    }

    /// The issuer's namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The subject as the issuer spells it.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// `namespace/subject`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.spelled
    }

    /// `namespace/subject` as text that is shared with it.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.spelled)
    }
}

fn spell(namespace: &Namespace, subject: &str) -> String {
    let mut out = format!("{namespace}/");
    for byte in subject.bytes() {
        match byte {
            b'%' | b',' | b'"' | 0..=0x20 | 0x7f..=0xff => {
                out.push('%');
                for nibble in [byte >> 4, byte & 0xf] {
                    let digit = char::from_digit(u32::from(nibble), 16).unwrap_or('0');
                    out.push(digit.to_ascii_uppercase());
                }
            }
            _ => out.push(char::from(byte)),
        }
    }
    out
}

/// Undoes percent-encoding; `None` if it is broken or does not give a text.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_tenant_id_is_short_and_needs_no_quoting() {
        for good in ["acme", "org_2aBc", "a", "7eleven", "a.b-c_d"] {
            assert_eq!(TenantId::parse(good).map(|t| t.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", ".", "-a", "a b", "a/b", "a:b", "a*", "{a}", "a\n", "é", &"a".repeat(129)]
        {
            assert!(TenantId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_permission_is_a_resource_and_an_action() {
        assert!(PermissionName::parse("reports:read").is_ok());
        for bad in ["reports", "reports:", ":read", "a:b:c", "reports:*", "reports read"] {
            assert!(PermissionName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_principal_is_read_as_it_is_spelled_and_in_no_other_way() {
        for good in ["platform/alice", "platform/auth0|7/x", "platform/a%25%2C%22%20%C3%A9"] {
            let parsed = PrincipalId::parse(good).map(|principal| principal.to_string());
            assert_eq!(parsed.as_deref(), Ok(good));
        }
        let spelled = |text: &str| Err(NameError::Spelling { spelled: text.into() });
        assert_eq!(PrincipalId::parse("a/%61"), spelled("a/a"));
        assert_eq!(PrincipalId::parse("a/x y"), spelled("a/x%20y"));
        assert_eq!(PrincipalId::parse("a/%c3%a9"), spelled("a/%C3%A9"));
        for bad in ["", "alice", "a/", "/a", "a b/c", "a/%", "a/%4", "a/%zz", "a/%ff", "a/%0a"] {
            assert!(PrincipalId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_principal_has_one_spelling_fit_for_a_header() {
        let namespace = Namespace::parse("platform").unwrap();
        let spelled =
            |subject: &str| PrincipalId::new(namespace.clone(), subject).map(|p| p.to_string());
        assert_eq!(spelled("alice").as_deref(), Ok("platform/alice"));
        assert_eq!(spelled("auth0|7/x").as_deref(), Ok("platform/auth0|7/x"));
        assert_eq!(spelled("a%,\" é").as_deref(), Ok("platform/a%25%2C%22%20%C3%A9"));
        assert!(spelled("a\r\nx: y").is_err());
        assert!(spelled("").is_err());
    }
}
