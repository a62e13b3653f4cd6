//! Random cases: a good token in one of its many forms, at random times, with no fault, one or two.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::case::{Case, From, right};
use crate::faults;
use crate::world::{AUDIENCE, NOW};

fn texts(values: &[&str]) -> BoxedStrategy<Option<Value>> {
    select(values.iter().map(|text| Some(json!(text))).collect::<Vec<_>>()).boxed()
}

fn time(offsets: std::ops::Range<i64>) -> impl Strategy<Value = Option<Value>> {
    offsets.prop_map(|offset| Some(json!(NOW.saturating_add_signed(offset))))
}

/// A token that its issuer may well sign, most of the time valid now.
fn good(from: From) -> impl Strategy<Value = Case> {
    let typs = match from {
        From::Platform => {
            prop_oneof![1 => Just(None), 3 => texts(&["JWT", "at+jwt", "jwt"])].boxed()
        }
        From::Partner => texts(&["at+jwt", "application/at+jwt", "AT+JWT"]),
    };
    let tenants = match from {
        From::Platform => texts(&["acme", "globex", "partnerco"]),
        From::Partner => texts(&["partnerco"]),
    };
    let roles = match from {
        From::Platform => {
            vec![json!("editor"), json!(["viewer", "ghost"]), json!(["editor", "analyst"])]
        }
        From::Partner => {
            vec![json!("viewer"), json!(["analyst"]), json!(["viewer", "analyst", "viewer"])]
        }
    };
    let audiences = select(vec![Some(json!(AUDIENCE)), Some(json!(["other", AUDIENCE]))]);
    // ES256 and EdDSA are quick to sign with; the others take their turns.
    let named = prop_oneof![2 => Just(6), 2 => Just(8), 1 => 0..9usize];
    let token = (named, typs, audiences, tenants, select(roles).prop_map(Some));
    let nbf = prop_oneof![4 => Just(None), 1 => time(-300..40)];
    let scopes = texts(&["reports:read reports:write", "reports", "x  reports"]);
    let method = prop_oneof![4 => Just("GET"), 1 => Just("PUT")];
    let used = (time(-40..700), time(-300..35), nbf, scopes, method);
    (token, used).prop_map(move |(token, used)| {
        let (named, typ, aud, tenant, roles) = token;
        let (exp, iat, nbf, scope, method) = used;
        Case { named, typ, aud, tenant, roles, exp, iat, nbf, scope, method, ..right(from) }
    })
}

/// Random cases.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let froms = select(vec![From::Platform, From::Partner]);
    let count = prop_oneof![3 => Just(0), 3 => Just(1), 1 => Just(2usize)];
    let faults =
        count.prop_flat_map(|count| proptest::collection::vec(select(faults::all()), count));
    (froms.prop_flat_map(good), faults).prop_map(|(mut case, faults)| {
        faults.into_iter().for_each(|fault| fault.into_case(&mut case));
        case
    })
}
