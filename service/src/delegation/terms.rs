//! What a delegation is about, apart from who said what to it: the part that is agreed to.
//!
//! The digest names these terms and no others. Who agrees sends it along, so that nobody agrees to
//! what was changed after it was shown.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use tenantguard::control::{Delegate, Delegation, Label};
use tenantguard::identity::{PermissionName, TenantId};

/// What a digest of terms is a digest of, so that it is no digest of anything else.
const DOMAIN: &[u8] = b"tenantguard delegation terms 1";

/// Who lets whom do what, and when. Lists are sorted and name nothing twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The delegator: whose data.
    pub from: TenantId,
    /// The delegate: who may act.
    pub to: TenantId,
    /// Which of its principals.
    pub principals: Delegate,
    /// For what.
    pub permissions: Vec<PermissionName>,
    /// Only by tokens that are for one of these; none for any.
    pub audiences: Vec<Label>,
    /// From when on, in seconds since the epoch.
    pub not_before: u64,
    /// Until when, in seconds since the epoch.
    pub expires: u64,
}

impl Terms {
    /// The terms of a delegation.
    #[must_use]
    pub fn of(delegation: &Delegation) -> Self {
        let Delegation {
            from, to, principals, permissions, audiences, not_before, expires, ..
        } = delegation.clone();
        Self { from, to, principals, permissions, audiences, not_before, expires }.sorted()
    }

    /// With its lists sorted, and nothing in them twice.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        if let Delegate::Principals(named) = &mut self.principals {
            named.sort();
            named.dedup();
        }
        self.permissions.sort();
        self.permissions.dedup();
        self.audiences.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        self.audiences.dedup();
        self
    }

    /// What names these terms.
    #[must_use]
    pub fn digest(&self) -> TermsDigest {
        let mut hash = Sha256::new();
        let mut put = |bytes: &[u8]| {
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(bytes);
        };
        put(DOMAIN);
        put(self.from.as_str().as_bytes());
        put(self.to.as_str().as_bytes());
        put(&self.not_before.to_le_bytes());
        put(&self.expires.to_le_bytes());
        let mut put_list = |items: &mut dyn Iterator<Item = &str>| {
            let items: Vec<&str> = items.collect();
            put(&u64::try_from(items.len()).unwrap_or(u64::MAX).to_le_bytes());
            items.iter().for_each(|item| put(item.as_bytes()));
        };
        put_list(&mut self.permissions.iter().map(PermissionName::as_str));
        put_list(&mut self.audiences.iter().map(Label::as_str));
        match &self.principals {
            // No principal is called so: each has a slash in it.
            Delegate::Any => put_list(&mut ["any"].into_iter()),
            Delegate::Principals(named) => put_list(&mut named.iter().map(|it| it.as_str())),
        }
        TermsDigest(hash.finalize().into())
    }
}

/// The SHA-256 digest of terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermsDigest([u8; 32]);

/// The text is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not what names terms: 64 hexadecimal digits")]
pub struct TermsDigestError;

impl FromStr for TermsDigest {
    type Err = TermsDigestError;

    fn from_str(text: &str) -> Result<Self, TermsDigestError> {
        let mut bytes = [0; 32];
        match base16ct::mixed::decode(text, &mut bytes) {
            Ok(read) if read.len() == 32 => Ok(Self(bytes)),
            _ => Err(TermsDigestError),
        }
    }
}

impl fmt::Display for TermsDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use tenantguard::identity::PrincipalId;

    use super::*;

    fn terms() -> Terms {
        Terms {
            from: TenantId::parse("acme").unwrap(),
            to: TenantId::parse("partnerco").unwrap(),
            principals: Delegate::Any,
            permissions: permissions(&["a:x", "b:x"]),
            audiences: vec![],
            not_before: 1,
            expires: 2,
        }
    }

    fn permissions(names: &[&str]) -> Vec<PermissionName> {
        names.iter().map(|name| PermissionName::parse(name).unwrap()).collect()
    }

    fn label(text: &str) -> Label {
        Label::parse(text).unwrap()
    }

    #[test]
    fn the_digest_names_the_terms_whatever_the_order_of_their_lists() {
        let digest = terms().digest();
        let turned = Terms { permissions: permissions(&["b:x", "a:x", "b:x"]), ..terms() };
        assert_eq!(turned.sorted().digest(), digest);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        let tenant = |name| TenantId::parse(name).unwrap();
        let named = |name| Delegate::Principals(vec![PrincipalId::parse(name).unwrap()]);
        let others = [
            Terms { from: tenant("globex"), ..terms() },
            Terms { to: tenant("globex"), ..terms() },
            Terms { from: terms().to, to: terms().from, ..terms() },
            Terms { principals: named("p/alice"), ..terms() },
            Terms { principals: named("any/x"), ..terms() },
            Terms { principals: Delegate::Principals(vec![]), ..terms() },
            Terms { permissions: permissions(&["a:x"]), ..terms() },
            Terms { permissions: permissions(&["a:x", "b:xb"]), ..terms() },
            Terms { audiences: vec![label("a")], ..terms() },
            Terms { not_before: 0, ..terms() },
            Terms { expires: 3, ..terms() },
        ];
        let mut seen = vec![digest];
        for other in others {
            assert!(!seen.contains(&other.digest()), "{other:?}");
            seen.push(other.digest());
        }
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        for text in ["", "00", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64)] {
            assert_eq!(text.parse::<TermsDigest>(), Err(TermsDigestError), "{text}");
        }
    }
}
