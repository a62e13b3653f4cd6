//! Somebody who has no token: a tenant, roles and scopes become the claims that the issuer would
//! write, where it writes them. What nobody has said is assumed and told.

use serde_json::{Map, Value, json};
use tenantguard::artifact::Policy;
use tenantguard::time::UnixTime;
use tenantguard::token::{JsonError, StatedClaims};
use tenantguard::trust::{
    Authority, CertificateDigest, ClaimMap, ClaimPath, ClientCertificate, Issuer, PrincipalSource,
    TenantSource,
};

use crate::source::Source;

/// How long an assumed token is good for, in seconds, if its issuer lets it live so long.
const LIFETIME: u64 = 300;
/// The certificate that is assumed where one is required.
const CERTIFICATE: CertificateDigest = [0; 32];

/// Somebody to ask about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// The issuer's name in the policy.
    pub issuer: String,
    /// Who it is, as the issuer knows them.
    pub subject: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// The roles, under our names for them.
    pub roles: Vec<String>,
    /// The scopes; `None` with roles and without a scope claim: as many as the roles could need.
    pub scopes: Option<Vec<String>>,
    /// Claims by name, which stand over everything else; null leaves one out.
    pub claims: Map<String, Value>,
    /// The digest of the client's certificate.
    pub certificate: Option<CertificateDigest>,
}

/// Claims as an issuer would write them.
#[derive(Debug, Clone)]
pub struct Assumed {
    /// The claims.
    pub claims: StatedClaims,
    /// The certificate that the client shows.
    pub certificate: Option<CertificateDigest>,
    /// What was assumed beside what was said.
    pub notes: Vec<String>,
}

/// Why somebody can have no claims.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PersonError {
    /// The policy has no such issuer.
    #[error("the policy has no issuer {0:?}")]
    NoIssuer(String),
    /// The claims are no JSON that a token may have.
    #[error("the claims: the text {0}")]
    Claims(#[from] JsonError),
}

impl Person {
    /// The claims that the issuer would write at this time.
    ///
    /// # Errors
    /// [`PersonError`] says why there are none.
    pub fn assume(
        &self,
        source: &Source,
        policy: &Policy,
        at: UnixTime,
    ) -> Result<Assumed, PersonError> {
        let unknown = || PersonError::NoIssuer(self.issuer.clone());
        let issuer = source.issuers.iter().find(|own| own.name == self.issuer);
        let url = issuer.and_then(|issuer| issuer.url.as_ref()).ok_or_else(unknown)?;
        let (_, issuer) = policy.find_issuer(&url.value).ok_or_else(unknown)?;
        let mut writer =
            Writer { claims: Map::new(), notes: Vec::new(), certificate: self.certificate };
        writer.registered(issuer, at);
        writer.identity(self, issuer);
        writer.scopes(self, issuer, source);
        for (name, value) in &self.claims {
            writer.claims.insert(name.clone(), value.clone());
        }
        writer.required(issuer, &self.claims);
        writer.certificate(issuer, &self.claims);
        writer.claims.retain(|_, value| !value.is_null());
        let claims = StatedClaims::parse(Value::Object(writer.claims).to_string().as_bytes())?;
        Ok(Assumed { claims, certificate: writer.certificate, notes: writer.notes })
    }
}

struct Writer {
    claims: Map<String, Value>,
    notes: Vec<String>,
    certificate: Option<CertificateDigest>,
}

impl Writer {
    /// The claims of RFC 7519, section 4.1, that do not depend on who it is.
    fn registered(&mut self, issuer: &Issuer, at: UnixTime) {
        let lives = LIFETIME.min(issuer.max_lifetime.as_secs());
        self.put("iss", json!(*issuer.url));
        if let Some(audience) = issuer.audiences.first() {
            self.put("aud", json!(**audience));
        }
        self.put("iat", json!(at.as_secs()));
        self.put("exp", json!(at.as_secs().saturating_add(lives)));
    }

    fn identity(&mut self, person: &Person, issuer: &Issuer) {
        let map = &issuer.claims;
        let subject = person.subject.as_deref().unwrap_or("somebody");
        match &map.principal {
            PrincipalSource::Claim(claim) => self.set(claim, json!(subject)),
            PrincipalSource::Email { claim, domains } => {
                let domain = domains.first().map_or("", |domain| domain);
                let address = match subject.contains('@') {
                    true => subject.to_owned(),
                    false => format!("{subject}@{domain}"),
                };
                self.set(claim, json!(address));
                self.put("email_verified", json!(true));
            }
        }
        if let (TenantSource::Claim(claim), Some(tenant)) = (&map.tenant, &person.tenant) {
            self.set(claim, json!(tenant));
        }
        if !person.roles.is_empty() {
            let roles: Vec<&str> =
                person.roles.iter().map(|role| issuers_name(map, role)).collect();
            self.set(&map.roles.claim, json!(roles));
        }
    }

    /// Who is named by roles alone is asked about for their roles: the scope is then no obstacle.
    /// Where scopes alone decide, and beside claims, nothing is assumed.
    fn scopes(&mut self, person: &Person, issuer: &Issuer, source: &Source) {
        let claim = &issuer.claims.scope;
        match &person.scopes {
            Some(scopes) => self.set(claim, json!(scopes.join(" "))),
            None if person.roles.is_empty() || person.claims.contains_key(claim.as_str()) => {}
            None if issuer.authority == Authority::RolesAndScopes => {
                let all = super::roles::route_permissions(source).join(" ");
                self.set(claim, json!(all));
                self.note("a scope with every permission that routes ask for".to_owned());
            }
            None => {}
        }
    }

    fn required(&mut self, issuer: &Issuer, said: &Map<String, Value>) {
        for claim in &issuer.claims.required {
            let first = first_step(claim);
            if !self.claims.contains_key(&first) && !said.contains_key(&first) {
                self.set(claim, json!("assumed"));
                self.note(format!("the claim {claim}, which the issuer requires"));
            }
        }
    }

    fn certificate(&mut self, issuer: &Issuer, said: &Map<String, Value>) {
        if self.certificate.is_some() || said.contains_key("cnf") {
            return;
        }
        match &issuer.client_certificate {
            ClientCertificate::AsBound => {}
            ClientCertificate::Bound => {
                self.put("cnf", json!({"x5t#S256": "A".repeat(43)}));
                self.certificate = Some(CERTIFICATE);
                self.note("the client's certificate, to which the token is bound".to_owned());
            }
            ClientCertificate::Pinned(pins) => {
                self.certificate = pins.first().copied();
                self.note("the client's certificate, a pinned one".to_owned());
            }
        }
    }

    fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    fn put(&mut self, name: &str, value: Value) {
        self.claims.insert(name.to_owned(), value);
    }

    /// Sets a claim where the issuer has it, with the objects on the way there.
    fn set(&mut self, path: &ClaimPath, value: Value) {
        let mut steps = steps(path);
        let Some(last) = steps.pop() else { return };
        let mut at = &mut self.claims;
        for step in steps {
            let inner = at.entry(step).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            let Some(object) = inner.as_object_mut() else { return };
            at = object;
        }
        at.insert(last, value);
    }
}

/// The issuer's name for a role of ours.
fn issuers_name<'a>(map: &'a ClaimMap, role: &'a str) -> &'a str {
    let mapped = map.roles.map.iter().flatten().find(|(_, own)| own.as_str() == role);
    mapped.map_or(role, |(theirs, _)| theirs)
}

/// The names that lead to a claim (RFC 6901).
fn steps(path: &ClaimPath) -> Vec<String> {
    match path.as_str().strip_prefix('/') {
        None => vec![path.as_str().to_owned()],
        Some(pointer) => {
            pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
        }
    }
}

fn first_step(path: &ClaimPath) -> String {
    steps(path).into_iter().next().unwrap_or_default()
}
