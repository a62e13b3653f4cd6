//! RFC 7515, appendix A (signatures), and what its neighbours define and we refuse: RFC 7516,
//! appendix A.3 (encryption), RFC 7797, section 4 (unencoded payloads), RFC 7519, section 6.1.

use serde_json::{Value, json};
use tenantguard::token::{Algorithm, CompactToken, Key, KeyError, KeySet, PureRust, TokenError};

use super::{public_half, refusal, verifies};

/// Appendix A.1.1: the claims of the first three examples, and of A.5 to A.7.
const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

const A1_HS256: (&str, &str) =
    ("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
const A1_KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

const A2_RS256: (&str, &str) = (
    "eyJhbGciOiJSUzI1NiJ9",
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5\
     jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb\
     1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO\
     YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
);
const A2_MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4\
     d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re\
     xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX\
     FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

const A3_ES256: (&str, &str) = (
    "eyJhbGciOiJFUzI1NiJ9",
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
);

/// A.4: ES512 over the text `Payload`.
const A4_ES512: &str = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-m\
     ZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrm\
     xYbSW9ERBXukOXolLzeO_Jn";

fn a2_key() -> Value {
    json!({"kty": "RSA", "n": A2_MODULUS, "e": "AQAB"})
}

fn a3_private_key() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    })
}

fn a4_key() -> Value {
    json!({
        "kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
    })
}

fn token((header, signature): (&str, &str)) -> String {
    format!("{header}.{CLAIMS}.{signature}")
}

/// Every other algorithm than this one.
fn others(than: Algorithm) -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.into_iter().map(|(algorithm, _)| algorithm).filter(move |other| *other != than)
}

#[test]
fn the_signatures_of_a_2_and_a_3_verify_under_their_own_algorithm_alone() {
    let a3_key = public_half(&a3_private_key());
    for (example, jwk, algorithm) in
        [(A2_RS256, a2_key(), Algorithm::Rs256), (A3_ES256, a3_key, Algorithm::Es256)]
    {
        let key = Key::from_jwk(&jwk).expect("the RFC's key is a key");
        let jws = token(example);
        assert!(verifies(&key, algorithm, &jws), "{algorithm}");
        for other in others(algorithm) {
            assert!(!verifies(&key, other, &jws), "{algorithm} taken for {other}");
        }
        let changed = jws.replacen("eyJpc3Mi", "eyJpc3Mj", 1);
        assert_ne!(changed, jws);
        assert!(!verifies(&key, algorithm, &changed), "{algorithm}: other claims");
    }
}

#[test]
fn a_2_and_a_3_are_tokens_that_a_key_set_verifies() {
    let a3_key = public_half(&a3_private_key());
    let keys = [a2_key(), a3_key].map(|jwk| Key::from_jwk(&jwk).expect("a key of the RFC"));
    let set = KeySet::new(keys.into());
    for (example, algorithm) in [(A2_RS256, Algorithm::Rs256), (A3_ES256, Algorithm::Es256)] {
        let text = token(example);
        let read = || CompactToken::parse(&text).expect("the RFC's token is a token");
        assert_eq!(read().claimed_issuer(), Some("joe"));
        assert!(set.verify(read(), &[algorithm], &PureRust).is_ok(), "{algorithm}");
        let not_accepted: Vec<_> = others(algorithm).collect();
        assert!(set.verify(read(), &not_accepted, &PureRust).is_err(), "{algorithm}");
    }
    let swapped = token((A2_RS256.0, A3_ES256.1));
    let swapped = CompactToken::parse(&swapped).expect("its shape is right");
    assert!(set.verify(swapped, &[Algorithm::Rs256, Algorithm::Es256], &PureRust).is_err());
}

#[test]
fn an_algorithm_that_we_do_not_accept_is_refused_by_its_name() {
    let unsecured = format!("eyJhbGciOiJub25lIn0.{CLAIMS}.");
    for (text, name) in
        [(token(A1_HS256), "HS256"), (A4_ES512.to_owned(), "ES512"), (unsecured, "none")]
    {
        assert_eq!(refusal(&text), Some(TokenError::Algorithm(name.to_owned())), "{text}");
    }
}

#[test]
fn the_keys_of_a_1_and_a_4_and_every_private_key_are_refused() {
    for (jwk, error) in [
        (json!({"kty": "oct", "k": A1_KEY}), KeyError::Secret),
        (a4_key(), KeyError::Algorithm),
        (a3_private_key(), KeyError::Secret),
    ] {
        assert_eq!(Key::from_jwk(&jwk).map(|_| ()), Err(error), "{jwk}");
    }
}

#[test]
fn the_json_serializations_of_a_6_and_a_7_are_no_compact_tokens() {
    let (protected, signature) = A3_ES256;
    let flattened = json!({
        "payload": CLAIMS, "protected": protected, "signature": signature,
        "header": {"kid": "e9bc097a-ce51-4036-9562-d2ade882db0d"},
    });
    let general = json!({
        "payload": CLAIMS, "signatures": [{"protected": protected, "signature": signature}],
    });
    for text in [flattened.to_string(), general.to_string()] {
        assert_eq!(refusal(&text), Some(TokenError::Parts { found: 1 }), "{text}");
    }
}

#[test]
fn encrypted_and_unencoded_tokens_are_refused_for_what_they_are() {
    // RFC 7516, appendix A.3.
    let jwe = "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.\
               6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGlsbGljb3RoZQ.\
               KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ";
    assert_eq!(refusal(jwe), Some(TokenError::Encrypted));
    // RFC 7797, section 4.2: b64 is false, and detached or in place.
    let header = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19";
    let signature = "A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
    let detached = format!("{header}..{signature}");
    assert_eq!(refusal(&detached), Some(TokenError::UnencodedPayload));
    let in_place = format!("{header}.$02.{signature}");
    assert_eq!(refusal(&in_place), Some(TokenError::UnencodedPayload));
    // RFC 7519, section 6.1.
    let unsecured = format!("eyJhbGciOiJub25lIn0.{CLAIMS}.");
    assert_eq!(refusal(&unsecured), Some(TokenError::Algorithm("none".to_owned())));
}

/// RFC 7515, appendix E: a `crit` that nobody knows.
#[test]
fn a_critical_extension_of_appendix_e_is_refused() {
    let header = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        r#"{"alg":"ES256","crit":["http://example.invalid/UNDEFINED"],"http://example.invalid/UNDEFINED":true}"#,
    );
    assert_eq!(refusal(&token((&header, A3_ES256.1))), Some(TokenError::Critical));
}
