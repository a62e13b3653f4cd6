//! Tokens: from a text that anyone may have written to claims that an issuer vouches for.
//!
//! The types are the order: [`CompactToken`] (a shape) → [`VerifiedToken`] (a signature, made only
//! by [`KeySet::verify`]) → [`Claims`] (valid now, made only by [`VerifiedToken::claims`]).

mod algorithm;
mod claim_values;
mod claims;
mod compact;
mod der;
mod es384;
mod handle;
mod json;
mod keys;
#[cfg(feature = "what-if")]
mod stated;
mod verifier;

pub use self::algorithm::{Algorithm, KeyKind};
pub use self::claims::{Claims, ClaimsError};
pub use self::compact::{CompactToken, Header, Part, TOKEN_LIMIT, TokenError};
pub use self::es384::P384PublicKey;
pub use self::handle::TokenHandle;
pub use self::json::{Json, JsonError, Object};
pub use self::keys::{Key, KeyError, KeySet, PublicKey, SignatureError, VerifiedToken};
#[cfg(feature = "what-if")]
pub use self::stated::StatedClaims;
pub use self::verifier::{PureRust, Verifier, ecdsa_der};
