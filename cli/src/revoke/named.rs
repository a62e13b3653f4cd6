//! What is to be revoked, by arguments or by lines of standard input.

use std::io::BufRead as _;
use std::path::PathBuf;

use clap::Args;
use serde::de::DeserializeOwned;
use tenantguard_service::http::{
    NamedKey, NamedPrincipal, NamedSession, NamedTarget, NamedTenant, NamedToken,
};

use super::Name;
use crate::control::ControlError;
use crate::failure::Failure;
use crate::files::read_text;

#[derive(Debug, Args)]
pub(crate) struct TokenName {
    /// A file with the token; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["issuer", "jti", "hash", "from_stdin"])]
    token: Option<PathBuf>,
    /// Its tenant; the caller's own, unless it is said
    #[arg(long)]
    tenant: Option<String>,
    /// Its issuer, `iss`
    #[arg(long, requires = "jti", value_name = "URL")]
    issuer: Option<String>,
    /// Its id, `jti`
    #[arg(long, requires = "issuer", conflicts_with = "hash")]
    jti: Option<String>,
    /// The hash that an audit record shows
    #[arg(long, value_name = "HEX")]
    hash: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SessionName {
    /// Its tenant; the caller's own, unless it is said
    #[arg(long)]
    tenant: Option<String>,
    /// The issuer of its tokens, `iss`
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Its id, the tokens' `sid`
    #[arg(long, requires = "issuer", conflicts_with = "hash")]
    sid: Option<String>,
    /// The hash of its handle
    #[arg(long, value_name = "HEX")]
    hash: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PrincipalName {
    /// The principal as an audit record shows it: namespace/subject
    #[arg(value_name = "PRINCIPAL", conflicts_with_all = ["hash", "from_stdin"])]
    principal: Option<String>,
    /// Its tenant; the caller's own, unless it is said
    #[arg(long)]
    tenant: Option<String>,
    /// The hash of its handle
    #[arg(long, value_name = "HEX")]
    hash: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TenantName {
    /// The tenant
    #[arg(value_name = "TENANT", required_unless_present = "from_stdin")]
    tenant: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct KeyName {
    /// Its issuer, `iss`
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Its name, `kid`
    #[arg(long, requires = "issuer", conflicts_with = "hash")]
    kid: Option<String>,
    /// The hash of its handle
    #[arg(long, value_name = "HEX")]
    hash: Option<String>,
}

impl Name for TokenName {
    fn named(self) -> Result<NamedTarget, Failure> {
        let token = self.token.as_deref().map(read_text).transpose()?;
        let token = token.map(|text| text.trim().to_owned());
        let Self { tenant, issuer, jti, hash, .. } = self;
        Ok(NamedTarget::Token(NamedToken { token, tenant, issuer, jti, hash }))
    }

    fn named_by(&self, line: &str) -> Result<NamedTarget, String> {
        let mut named = NamedToken { tenant: self.tenant.clone(), ..NamedToken::default() };
        match line.contains('.') {
            true => named.token = Some(line.to_owned()),
            false => named.hash = Some(line.to_owned()),
        }
        Ok(NamedTarget::Token(named))
    }

    fn named_by_json(&self, line: &str) -> Result<NamedTarget, String> {
        let mut named: NamedToken = json(line)?;
        named.tenant = named.tenant.or_else(|| self.tenant.clone());
        Ok(NamedTarget::Token(named))
    }
}

impl Name for SessionName {
    fn named(self) -> Result<NamedTarget, Failure> {
        let Self { tenant, issuer, sid, hash } = self;
        Ok(NamedTarget::Session(NamedSession { tenant, issuer, sid, hash }))
    }

    fn named_by(&self, line: &str) -> Result<NamedTarget, String> {
        let (tenant, issuer) = (self.tenant.clone(), self.issuer.clone());
        let (sid, hash) = match issuer {
            Some(_) => (Some(line.to_owned()), None),
            None => (None, Some(line.to_owned())),
        };
        Ok(NamedTarget::Session(NamedSession { tenant, issuer, sid, hash }))
    }

    fn named_by_json(&self, line: &str) -> Result<NamedTarget, String> {
        let mut named: NamedSession = json(line)?;
        named.tenant = named.tenant.or_else(|| self.tenant.clone());
        if named.sid.is_some() {
            named.issuer = named.issuer.or_else(|| self.issuer.clone());
        }
        Ok(NamedTarget::Session(named))
    }
}

impl Name for PrincipalName {
    fn named(self) -> Result<NamedTarget, Failure> {
        let Some(principal) = &self.principal else {
            let Self { tenant, hash, .. } = self;
            let named = NamedPrincipal { tenant, hash, ..NamedPrincipal::default() };
            return Ok(NamedTarget::Principal(named));
        };
        self.named_by(principal).map_err(|reason| Failure::Option {
            option: "PRINCIPAL",
            value: principal.clone(),
            reason,
        })
    }

    fn named_by(&self, line: &str) -> Result<NamedTarget, String> {
        let (namespace, subject) = principal(line)?;
        Ok(NamedTarget::Principal(NamedPrincipal {
            tenant: self.tenant.clone(),
            namespace: Some(namespace),
            subject: Some(subject),
            hash: None,
        }))
    }

    fn named_by_json(&self, line: &str) -> Result<NamedTarget, String> {
        let mut named: NamedPrincipal = json(line)?;
        named.tenant = named.tenant.or_else(|| self.tenant.clone());
        Ok(NamedTarget::Principal(named))
    }
}

impl Name for TenantName {
    fn named(self) -> Result<NamedTarget, Failure> {
        Ok(NamedTarget::Tenant(NamedTenant { tenant: self.tenant }))
    }

    fn named_by(&self, line: &str) -> Result<NamedTarget, String> {
        Ok(NamedTarget::Tenant(NamedTenant { tenant: Some(line.to_owned()) }))
    }

    fn named_by_json(&self, line: &str) -> Result<NamedTarget, String> {
        Ok(NamedTarget::Tenant(json(line)?))
    }
}

impl Name for KeyName {
    fn named(self) -> Result<NamedTarget, Failure> {
        let Self { issuer, kid, hash } = self;
        Ok(NamedTarget::Key(NamedKey { issuer, kid, hash }))
    }

    fn named_by(&self, line: &str) -> Result<NamedTarget, String> {
        let issuer = self.issuer.clone();
        let (kid, hash) = match issuer {
            Some(_) => (Some(line.to_owned()), None),
            None => (None, Some(line.to_owned())),
        };
        Ok(NamedTarget::Key(NamedKey { issuer, kid, hash }))
    }

    fn named_by_json(&self, line: &str) -> Result<NamedTarget, String> {
        json(line).map(NamedTarget::Key)
    }
}

fn json<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| error.to_string())
}

/// Namespace and subject of `namespace/subject`, whose subject is percent-encoded.
pub(crate) fn principal(text: &str) -> Result<(String, String), String> {
    let (namespace, subject) = text
        .split_once('/')
        .ok_or("write it as an audit record does, namespace/subject: platform/alice")?;
    let subject = decoded(subject).ok_or("its percent-encoding is broken")?;
    Ok((namespace.to_owned(), subject))
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

/// What the lines of standard input name.
pub(super) fn from_stdin<N: Name>(name: &N) -> Result<Vec<NamedTarget>, Failure> {
    let mut targets = Vec::new();
    for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
        let failed = |reason| Failure::from(ControlError::Line { number, reason });
        let line = line.map_err(|error| failed(error.to_string()))?;
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let named = match line.starts_with('{') {
            true => name.named_by_json(line),
            false => name.named_by(line),
        };
        targets.push(named.map_err(failed)?);
    }
    match targets.is_empty() {
        true => Err(ControlError::NothingNamed.into()),
        false => Ok(targets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_named_as_records_spell_it() {
        let named = |text| principal(text).ok();
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(named("platform/alice"), pair("platform", "alice"));
        assert_eq!(named("platform/auth0|7/x"), pair("platform", "auth0|7/x"));
        assert_eq!(named("p/a%25%2C%22%20%C3%A9"), pair("p", "a%,\" é"));
        for bad in ["alice", "p/%2", "p/%zz", "p/%ff"] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }
}
