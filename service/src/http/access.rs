//! What a caller must be allowed, as the argument of a handler: one that does not name it gets at
//! nothing, and one that names it runs for nobody else.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::problem::{Code, Problem};
use crate::auth::{Caller, Forbidden, Mandate, Reach};

impl From<Forbidden> for Problem {
    fn from(forbidden: Forbidden) -> Self {
        let code = match forbidden {
            Forbidden::Role { .. } | Forbidden::Delegations { .. } => Code::AuthForbidden,
            Forbidden::OtherTenant { .. } => Code::TenantForbidden,
        };
        Self::with(code, forbidden)
    }
}

/// The caller whom the guard has let in. A route without a guard has none.
fn caller(parts: &Parts) -> Result<Caller, Problem> {
    parts.extensions.get().cloned().ok_or(Problem::new(Code::AuthMissing))
}

macro_rules! access {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* } = $allow:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        #[allow(missing_docs, reason = "the names say it")]
        pub struct $name { $(pub $field: $type),* }

        impl<S: Sync> FromRequestParts<S> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
                let allow: fn(Caller) -> Result<Self, Forbidden> = $allow;
                Ok(allow(caller(parts)?)?)
            }
        }
    };
}

access! {
    /// May change things, as far as it reaches.
    Changer { caller: Caller, reach: Reach } =
        |caller| caller.may_change().map(|reach| Self { caller, reach })
}

access! {
    /// May look, as far as it reaches.
    Looker { reach: Reach } = |caller| caller.may_look().map(|reach| Self { reach })
}

access! {
    /// May ask what is so, as far as it reaches.
    Asking { reach: Reach } = |caller| caller.may_ask().map(|reach| Self { reach })
}

access! {
    /// May change delegations, in somebody's name.
    Delegating { caller: Caller, mandate: Mandate } =
        |caller| caller.may_delegate().map(|mandate| Self { caller, mandate })
}

access! {
    /// May see delegations, as far as it reaches.
    DelegationLooker { reach: Reach } =
        |caller| caller.may_see_delegations().map(|reach| Self { reach })
}

access! {
    /// Operates the service.
    Operator { caller: Caller } = |caller| caller.must_operate().map(|()| Self { caller })
}

access! {
    /// Sees the service as a whole.
    Overseer { caller: Caller } = |caller| caller.must_oversee().map(|()| Self { caller })
}

access! {
    /// Follows the feed.
    Follower { caller: Caller } = |caller| caller.must_follow().map(|()| Self { caller })
}
