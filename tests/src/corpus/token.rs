//! Makes the token of a case: the persona's claims, the case's changes, a signature, the edits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Map, Value, json};
use tenantguard_mint::{DevKey, TokenSpec};

use super::table::{Edit, Persona, Personas, Recipe, TokenSource};
use super::{CorpusError, template};
use crate::keys;

/// The audience of every token that does not say otherwise.
pub const AUDIENCE: &str = "api.example.com";

/// The finished text of a token.
///
/// # Errors
/// [`CorpusError`] when the case names something that does not exist, or an edit does not fit.
pub fn make(source: &TokenSource, personas: &Personas, now: u64) -> Result<String, CorpusError> {
    match source {
        TokenSource::Raw(text) => Ok(text.clone()),
        TokenSource::Minted(recipe) => {
            let token = sign(recipe, personas, now)?;
            recipe.edit.iter().try_fold(token, |token, edit| apply(edit, token, now))
        }
    }
}

fn sign(recipe: &Recipe, personas: &Personas, now: u64) -> Result<String, CorpusError> {
    let subject = recipe.subject.as_deref().unwrap_or("alice");
    let persona = personas.get(subject).ok_or_else(|| CorpusError::Unknown {
        kind: "the subject",
        name: subject.to_owned(),
        known: personas.keys().cloned().collect::<Vec<_>>().join(", "),
    })?;
    let key_name = recipe.key.as_ref().or(persona.key.as_ref()).unwrap_or(&persona.issuer);
    let key = keys::named(key_name)?;

    let mut spec = TokenSpec::new(key);
    spec.claims = usual_claims(subject, persona, now)?;
    template::overlay(&mut spec.claims, &persona.claims, now)?;
    template::overlay(&mut spec.claims, &recipe.claims, now)?;
    template::overlay(&mut spec.header, &persona.header, now)?;
    template::overlay(&mut spec.header, &recipe.header, now)?;

    if recipe.claims_text.is_none() && recipe.header_text.is_none() {
        return Ok(spec.sign(key));
    }
    let text = |raw: &Option<String>, fields: Map<String, Value>| match raw {
        Some(raw) => template::fill_json_text(raw, now),
        None => Value::Object(fields).to_string(),
    };
    Ok(sign_text(
        &text(&recipe.header_text, spec.header),
        &text(&recipe.claims_text, spec.claims),
        key,
    ))
}

fn usual_claims(
    subject: &str,
    persona: &Persona,
    now: u64,
) -> Result<Map<String, Value>, CorpusError> {
    Ok(Map::from_iter([
        ("iss".to_owned(), json!(keys::issuer_url(&persona.issuer)?)),
        ("aud".to_owned(), json!(AUDIENCE)),
        ("iat".to_owned(), json!(now.saturating_sub(10))),
        ("exp".to_owned(), json!(now.saturating_add(300))),
        ("jti".to_owned(), json!(format!("jti-of-{subject}"))),
    ]))
}

/// Signs texts that need not be JSON.
fn sign_text(header: &str, claims: &str, key: &DevKey) -> String {
    let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims));
    let signature = BASE64URL.encode(key.sign(input.as_bytes()));
    format!("{input}.{signature}")
}

fn apply(edit: &Edit, token: String, now: u64) -> Result<String, CorpusError> {
    let misfit = |why| CorpusError::Edit { edit: format!("{edit:?}"), why };
    let parts = || -> Result<[String; 3], CorpusError> {
        let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        <[String; 3]>::try_from(parts).map_err(|_| misfit("it does not have three parts"))
    };
    match edit {
        Edit::FlipSignatureBit(bit) => {
            let [header, claims, signature] = parts()?;
            let mut bytes =
                BASE64URL.decode(signature).map_err(|_| misfit("the signature is no base64url"))?;
            *bytes.get_mut(bit / 8).ok_or_else(|| misfit("there is no such bit"))? ^=
                1 << (bit % 8);
            Ok([header, claims, BASE64URL.encode(bytes)].join("."))
        }
        Edit::SetUnusedBits(false) => Ok(token),
        Edit::SetUnusedBits(true) => {
            let [header, claims, signature] = parts()?;
            let twiddled = set_unused_bits(&signature).ok_or_else(|| misfit("no bit is unused"))?;
            Ok([header, claims, twiddled].join("."))
        }
        Edit::Truncate(count) => {
            let keep = token.len().checked_sub(*count).ok_or_else(|| misfit("it is too short"))?;
            Ok(token.chars().take(keep).collect())
        }
        Edit::Append(text) => Ok(token + text),
        Edit::Prepend(text) => Ok(text.clone() + &token),
        Edit::ReplaceClaims(changes) => {
            let [header, claims, signature] = parts()?;
            let claims = recode(&claims, changes, now)?.ok_or_else(|| misfit("no JSON claims"))?;
            Ok([header, claims, signature].join("."))
        }
        Edit::ReplaceHeader(changes) => {
            let [header, claims, signature] = parts()?;
            let header = recode(&header, changes, now)?.ok_or_else(|| misfit("no JSON header"))?;
            Ok([header, claims, signature].join("."))
        }
        Edit::Signature(text) => {
            let [header, claims, _] = parts()?;
            Ok([header.as_str(), &claims, text].join("."))
        }
        Edit::AppendToParts(text) => Ok(parts()?.map(|part| part + text).join(".")),
    }
}

/// Lays changes over an encoded JSON object; `None` when it is none.
fn recode(
    part: &str,
    changes: &Map<String, Value>,
    now: u64,
) -> Result<Option<String>, CorpusError> {
    let fields = BASE64URL.decode(part).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let Some(mut fields) = fields else { return Ok(None) };
    template::overlay(&mut fields, changes, now)?;
    Ok(Some(BASE64URL.encode(Value::Object(fields).to_string())))
}

/// The same bytes to a lax decoder, another text: what makes a token malleable.
fn set_unused_bits(part: &str) -> Option<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let unused = match part.len() % 4 {
        2 => 0b1111,
        3 => 0b0011,
        _ => return None,
    };
    let last = part.bytes().next_back()?;
    let value = ALPHABET.iter().position(|&c| c == last)? | unused;
    let twiddled = char::from(*ALPHABET.get(value)?);
    let kept = part.get(..part.len() - 1)?;
    Some(format!("{kept}{twiddled}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(json: &str) -> String {
        let personas = serde_json::from_str(crate::corpus::SUBJECTS).unwrap();
        make(&serde_json::from_str(json).unwrap(), &personas, 1_000).unwrap()
    }

    fn parts(token: &str) -> Vec<Vec<u8>> {
        token.split('.').map(|part| BASE64URL.decode(part).unwrap()).collect()
    }

    #[test]
    fn one_flipped_bit_is_one_bit() {
        let before = parts(&token("{}")).pop().unwrap();
        let after = parts(&token(r#"{"edit": {"flip_signature_bit": 11}}"#)).pop().unwrap();
        let differing: u32 = before.iter().zip(&after).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert_eq!(differing, 1);
        assert_eq!(before[1] ^ after[1], 0b1000);
    }

    #[test]
    fn set_unused_bits_leave_the_bytes_to_a_lax_decoder() {
        let strict = token("{}");
        let twiddled = token(r#"{"edit": {"set_unused_bits": true}}"#);
        assert_ne!(strict, twiddled);
        let settings = base64::engine::GeneralPurposeConfig::new()
            .with_encode_padding(false)
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone)
            .with_decode_allow_trailing_bits(true);
        let lax = base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, settings);
        let signature = |token: &str| lax.decode(token.rsplit('.').next().unwrap()).unwrap();
        assert_eq!(signature(&strict), signature(&twiddled));
    }

    #[test]
    fn replaced_claims_keep_the_old_signature() {
        let (before, after) = (
            parts(&token("{}")),
            parts(&token(r#"{"edit": {"replace_claims": {"tenant_id": "globex"}}}"#)),
        );
        assert_eq!((&before[0], &before[2]), (&after[0], &after[2]));
        let claims: Value = serde_json::from_slice(&after[1]).unwrap();
        assert_eq!((&claims["tenant_id"], &claims["sub"]), (&json!("globex"), &json!("alice")));
    }

    #[test]
    fn raw_claims_are_signed_as_they_stand() {
        let text = token(r#"{"claims_text": "{\"exp\":{now+5}, \"exp\":1}"}"#);
        assert_eq!(parts(&text)[1], br#"{"exp":1005, "exp":1}"#);
    }

    #[test]
    fn edits_are_made_in_order() {
        let edited = token(r#"{"edit": [{"signature": "abc"}, {"append": "d"}, {"truncate": 2}]}"#);
        assert!(edited.ends_with(".ab"), "{edited}");
    }

    #[test]
    fn an_edit_that_does_not_fit_is_an_error() {
        let personas = Personas::new();
        let token = |edit| apply(&edit, "no.token".to_owned(), 0);
        assert!(token(Edit::FlipSignatureBit(0)).is_err());
        assert!(token(Edit::Truncate(9)).is_err());
        assert!(make(&TokenSource::Minted(Box::default()), &personas, 0).is_err());
    }
}
