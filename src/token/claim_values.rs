//! Single values among the claims: what they must be, and how an issuer's are mapped to ours.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::claims::ClaimsError;
use super::json::{Json, Object};
use crate::trust::{
    CertificateDigest, ClaimMap, ClaimPath, PrincipalSource, RoleSource, normalize_email,
};

pub(super) fn is_absent(claims: &Object, path: &ClaimPath) -> bool {
    matches!(path.find(claims), None | Some(Json::Null))
}

pub(super) fn subject(claims: &Object, source: &PrincipalSource) -> Result<String, ClaimsError> {
    match source {
        PrincipalSource::Claim(path) => {
            text(claims, path)?.ok_or_else(|| ClaimsError::Required(path.clone()))
        }
        PrincipalSource::Email { claim, domains } => {
            let is_verified = claims.get("email_verified") == Some(&Json::Bool(true));
            let address = text(claims, claim)?.filter(|_| is_verified);
            address
                .and_then(|address| normalize_email(&address, domains))
                .ok_or_else(|| ClaimsError::Email(claim.clone()))
        }
    }
}

/// `act.iss` of a delegation token. An `act` that names nobody is as good as none.
pub(super) fn vouched_by(claims: &Object) -> Result<Option<String>, ClaimsError> {
    match claims.get("act") {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Object(actor)) => text(actor, &ClaimPath::name("iss")),
        Some(_) => Err(ClaimsError::WrongType { claim: "act".to_owned(), expected: "an object" }),
    }
}

pub(super) fn roles(claims: &Object, source: &RoleSource) -> Result<Vec<String>, ClaimsError> {
    let named = text_or_list(claims, &source.claim)?.unwrap_or_default();
    Ok(match &source.map {
        None => named,
        Some(map) => named
            .iter()
            .filter_map(|name| map.get(name.as_str()))
            .map(ToString::to_string)
            .collect(),
    })
}

/// RFC 8693, section 4.2, has `scope` as one text with spaces; some issuers have a list elsewhere.
pub(super) fn scopes(
    claims: &Object,
    path: &ClaimPath,
) -> Result<Option<Vec<String>>, ClaimsError> {
    let split = |text: &String| text.split(' ').map(str::to_owned).collect();
    if path.as_str() == ClaimMap::SCOPE {
        return Ok(text(claims, path)?.as_ref().map(split));
    }
    Ok(text_or_list(claims, path)?.map(|texts| {
        texts
            .iter()
            .flat_map(|text| {
                let scopes: Vec<String> = split(text);
                scopes
            })
            .collect()
    }))
}

/// A `cnf` with anything else than a certificate's digest binds the token to what nobody here
/// checks, so the token is not taken.
pub(super) fn bound_to(claims: &Object) -> Result<Option<CertificateDigest>, ClaimsError> {
    let confirmation = match claims.get("cnf") {
        None => return Ok(None),
        Some(Json::Object(confirmation)) => confirmation,
        Some(_) => return Err(ClaimsError::Confirmation),
    };
    match confirmation.get("x5t#S256") {
        Some(Json::String(text)) => URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|digest| digest.try_into().ok())
            .map(Some)
            .ok_or(ClaimsError::Confirmation),
        _ => Err(ClaimsError::Confirmation),
    }
}

fn wrong_type(claim: &str, expected: &'static str) -> ClaimsError {
    ClaimsError::WrongType { claim: claim.to_owned(), expected }
}

pub(super) fn time(claims: &Object, claim: &'static str) -> Result<Option<u64>, ClaimsError> {
    match claims.get(claim) {
        None => Ok(None),
        Some(Json::Unsigned(secs)) => Ok(Some(*secs)),
        Some(_) => Err(wrong_type(claim, "a whole number of seconds")),
    }
}

pub(super) fn text(claims: &Object, path: &ClaimPath) -> Result<Option<String>, ClaimsError> {
    match path.find(claims) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong_type(path.as_str(), "a string")),
    }
}

pub(super) fn text_or_list(
    claims: &Object,
    path: &ClaimPath,
) -> Result<Option<Vec<String>>, ClaimsError> {
    let wrong = || wrong_type(path.as_str(), "a string or a list of strings");
    match path.find(claims) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(vec![text.clone()])),
        Some(Json::Array(items)) => {
            let texts = items.iter().map(|item| match item {
                Json::String(text) => Ok(text.clone()),
                _ => Err(wrong()),
            });
            texts.collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(wrong()),
    }
}
