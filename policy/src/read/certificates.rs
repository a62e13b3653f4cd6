//! An issuer's `client_certificate`: whether its tokens must be bound to the client's certificate
//! (RFC 8705), or which certificates their clients show.

use tenantguard::trust::{CertificateDigest, ClientCertificate};

use super::fields::{At, Fields};
use super::{shapes, values};
use crate::finding::{Code, Finding};
use crate::place::{Located, Quoted};
use crate::report::Report;
use crate::tree::Kind;

const REQUIRED: &str = "required";

const HELP: &str = "openssl x509 -in client.pem -noout -fingerprint -sha256 prints it";

pub(super) fn client(at: &At<'_>, report: &mut Report) -> Option<ClientCertificate> {
    match &at.node.kind {
        Kind::Text(text) if text == REQUIRED => Some(ClientCertificate::Bound),
        Kind::Text(text) => {
            let help = report.suggest(text, [REQUIRED]);
            let message = format!("{} is neither `required` nor `{{pinned: [...]}}`", Quoted(text));
            report.push(Finding::new(Code::UnknownValue, at.place(), message).maybe_help(help));
            None
        }
        Kind::Map(_) => pinned(at, report).map(ClientCertificate::Pinned),
        _ => at.wrong_type("`required` or `{pinned: [...]}`", report),
    }
}

fn pinned(at: &At<'_>, report: &mut Report) -> Option<Vec<CertificateDigest>> {
    let fields = Fields::of(at, &shapes::CERTIFICATE, report)?;
    let at = fields.required("pinned", report)?;
    values::not_empty(&at, "without a digest no certificate is good", HELP, report);
    let digests = values::list(&at, digest, report)?;
    Some(digests.into_iter().map(|digest| digest.value).collect())
}

pub(super) fn digest(at: &At<'_>, report: &mut Report) -> Option<Located<CertificateDigest>> {
    let text = values::text(at, "the SHA-256 digest of a certificate", report)?;
    if let Some(value) = parse_digest(text) {
        return Some(Located { value, place: at.place() });
    }
    let message = format!("{} is not 64 hex digits or 32 pairs of them with colons", Quoted(text));
    report.push(Finding::new(Code::InvalidDigest, at.place(), message).help(HELP));
    None
}

/// 64 hex digits, or 32 pairs with a colon between, as OpenSSL prints them.
fn parse_digest(text: &str) -> Option<CertificateDigest> {
    let step = match text.len() {
        64 => 2,
        95 => 3,
        _ => return None,
    };
    if step == 3 && !text.bytes().skip(2).step_by(step).all(|b| b == b':') {
        return None;
    }
    let mut digest = CertificateDigest::default();
    for (byte, at) in digest.iter_mut().zip((0..).step_by(step)) {
        let pair = text.get(at..at + 2).filter(|p| p.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_hex_with_or_without_colons() {
        let mut expected = CertificateDigest::default();
        expected.iter_mut().zip(0xd0..).for_each(|(byte, value)| *byte = value);
        let plain: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        let pairs: Vec<String> = expected.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(parse_digest(&plain), Some(expected));
        assert_eq!(parse_digest(&plain.to_uppercase()), Some(expected));
        assert_eq!(parse_digest(&pairs.join(":")), Some(expected));
        for bad in [
            String::new(),
            plain.replacen("d0", "+f", 1),
            plain.replacen("d0", "g0", 1),
            plain.replacen("d0", "é", 1),
            format!("{plain}00"),
            pairs.join("-"),
            pairs.join(":").replacen("D0:D1", "D0D1:", 1),
            format!("{}:", pairs[..31].join(":")),
        ] {
            assert_eq!(parse_digest(&bad), None, "{bad}");
        }
    }
}
