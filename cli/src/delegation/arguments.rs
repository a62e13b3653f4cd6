//! What the verbs take, and the requests that it makes.

use clap::{ArgGroup, Args, ValueEnum};
use tenantguard::time::UnixTime;
use tenantguard_service::http::{
    AgreementBody, AmendRequest, AnyName, PrincipalsName, ProposalRequest,
};

use crate::control::{Options, segment};
use crate::decide::Moment;
use crate::output::Format;

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// For people, or one JSON object
    #[arg(long, value_name = "human|json", default_value_t, hide_possible_values = true)]
    #[arg(value_enum)]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) control: Options,
}

/// A verb on one that is there.
#[derive(Debug, Args)]
pub(crate) struct Named<T: Args> {
    /// Its id
    pub(super) id: String,
    #[command(flatten)]
    pub(super) what: T,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Nothing {}

#[derive(Debug, Args)]
pub(crate) struct Ending {
    /// Why, for whoever looks later
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    /// Wait until every proxy knows or its lease is over
    #[arg(long)]
    pub(super) wait: bool,
}

/// The terms that somebody decides on.
#[derive(Debug, Args)]
pub(crate) struct Seen {
    /// The terms that were seen, as `show` shows them: no question then
    #[arg(long, value_name = "DIGEST")]
    pub(super) terms: Option<String>,
    /// The terms as they are, without a question
    #[arg(long, conflicts_with = "terms")]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Consent {
    #[command(flatten)]
    pub(super) seen: Seen,
    /// Where the consent is written down
    #[arg(long, value_name = "TEXT")]
    pub(super) reference: Option<String>,
    /// Why, for whoever looks later
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Those from this tenant
    #[arg(long, value_name = "TENANT")]
    from: Option<String>,
    /// Those to this tenant
    #[arg(long, value_name = "TENANT")]
    to: Option<String>,
    /// Those that have come so far
    #[arg(long, value_enum)]
    stage: Option<Stage>,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Stage {
    Proposed,
    Consented,
    Suspended,
    Revoked,
}

impl List {
    pub(super) fn query(&self, path: &str, after: Option<&str>) -> String {
        let stage = self.stage.and_then(|stage| stage.to_possible_value());
        let parts = [
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
            ("stage", stage.as_ref().map(|stage| stage.get_name())),
            ("after", after),
        ];
        let parts = parts
            .iter()
            .filter_map(|(name, value)| value.map(|value| format!("{name}={}", segment(value))));
        let parts: Vec<_> = parts.collect();
        match parts.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", parts.join("&")),
        }
    }
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("who").required(true).args(["principals", "any_principal"])))]
pub(crate) struct Propose {
    /// The delegator: whose data
    #[arg(long, value_name = "TENANT")]
    from: String,
    /// The delegate: who may act
    #[arg(long, value_name = "TENANT")]
    to: String,
    /// A principal of the delegate, namespace/subject; several times for several
    #[arg(long = "principal", value_name = "PRINCIPAL")]
    principals: Vec<String>,
    /// Each principal of the delegate
    #[arg(long)]
    any_principal: bool,
    /// A permission, several times for several
    #[arg(long = "permission", value_name = "PERMISSION", required = true)]
    permissions: Vec<String>,
    /// Only by tokens for this audience, several times for several
    #[arg(long = "audience")]
    audiences: Vec<String>,
    /// From when on, RFC 3339 or seconds since 1970 [default: now]
    #[arg(long, value_name = "TIME")]
    not_before: Option<Moment>,
    /// Until when
    #[arg(long, value_name = "TIME")]
    expires: Moment,
    /// Its id; the service makes one, unless it is given
    #[arg(long)]
    id: Option<String>,
    /// Agree at once, as the delegator
    #[arg(long)]
    consent: bool,
    /// Where the consent is written down
    #[arg(long, value_name = "TEXT", requires = "consent")]
    reference: Option<String>,
    /// Why, for whoever looks later
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    common: Common,
}

impl Propose {
    pub(super) fn request(self) -> (ProposalRequest, Common) {
        let reference = self.reference;
        let request = ProposalRequest {
            id: self.id,
            from: self.from,
            to: self.to,
            principals: principals(self.principals),
            permissions: self.permissions,
            audiences: self.audiences,
            not_before: self.not_before.map(text),
            expires: text(self.expires),
            consent: self.consent.then_some(AgreementBody { reference }),
            reason: self.reason,
        };
        (request, self.common)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Amend {
    #[command(flatten)]
    pub(super) what: Different,
    #[command(flatten)]
    pub(super) seen: Seen,
}

/// What is to be different.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true)))]
pub(crate) struct Different {
    /// These principals of the delegate instead
    #[arg(long = "principal", value_name = "PRINCIPAL", group = "what")]
    principals: Vec<String>,
    /// Each principal of the delegate
    #[arg(long, group = "what", conflicts_with = "principals")]
    any_principal: bool,
    /// These permissions instead
    #[arg(long = "permission", value_name = "PERMISSION", group = "what")]
    permissions: Vec<String>,
    /// Only by tokens for these audiences
    #[arg(long = "audience", group = "what")]
    audiences: Vec<String>,
    /// By tokens for any audience
    #[arg(long, group = "what", conflicts_with = "audiences")]
    any_audience: bool,
    /// From when on, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "TIME", group = "what")]
    not_before: Option<Moment>,
    /// Until when
    #[arg(long, value_name = "TIME", group = "what")]
    expires: Option<Moment>,
    /// Where the delegator's consent is written down
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// Why, for whoever looks later
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Different {
    /// What it makes of the delegation with these terms.
    pub(super) fn request(self, terms: String) -> AmendRequest {
        let named = |list: Vec<String>| (!list.is_empty()).then_some(list);
        let is_other = self.any_principal || !self.principals.is_empty();
        AmendRequest {
            terms,
            principals: is_other.then(|| principals(self.principals)),
            permissions: named(self.permissions),
            audiences: if self.any_audience { Some(Vec::new()) } else { named(self.audiences) },
            not_before: self.not_before.map(text),
            expires: self.expires.map(text),
            reference: self.reference,
            reason: self.reason,
        }
    }
}

/// None named are all of them.
fn principals(named: Vec<String>) -> PrincipalsName {
    match named.is_empty() {
        true => PrincipalsName::All(AnyName::Any),
        false => PrincipalsName::Named(named),
    }
}

fn text(moment: Moment) -> String {
    UnixTime::from(moment).to_string()
}
