//! `tenantguard delegation who-can`: everybody whom a delegation lets at a tenant's data, by the
//! policy of a file, by the service, or by both.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use tenantguard::identity::{PermissionName, TenantId};
use tenantguard::time::UnixTime;
use tenantguard_service::http::{GrantBody, GrantKind, PrincipalsName, Question, WhoCan};

use super::arguments::Common;
use super::json;
use super::screen::{short, text};
use crate::Outcome;
use crate::control::segment;
use crate::decide::Moment;
use crate::failure::Failure;
use crate::files::PolicyText;
use crate::output::{BOLD, DIM, Format, styled};

const EXAMPLES: &str = "\
Examples:
  tenantguard delegation who-can acme
  tenantguard delegation who-can acme --permission reports:read --at 2026-12-31T00:00:00Z
  tenantguard delegation who-can acme --policy policy.yaml

With --policy, the delegations that stand in the file count in place of those in the service's
policy; without a credential too, they alone are shown. `policy reach` lists the routes as well.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WhoCanArguments {
    /// Whose data
    tenant: TenantName,
    /// With this permission alone
    #[arg(long, value_parser = |text: &str| PermissionName::parse(text))]
    permission: Option<PermissionName>,
    /// The time, as seconds since 1970 or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    /// The policy whose delegations count
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// A tenant as an argument.
#[derive(Debug, Clone)]
struct TenantName(TenantId);

impl std::str::FromStr for TenantName {
    type Err = tenantguard::identity::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        TenantId::parse(text).map(Self)
    }
}

impl WhoCanArguments {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let at = match self.at {
            Some(moment) => moment,
            None => Moment::now()?,
        };
        let mut grants = match (&self.policy, self.common.control.has_caller()) {
            (Some(_), false) => Vec::new(),
            (None, _) => self.of_service(at)?,
            (Some(_), true) => {
                let all = self.of_service(at)?.into_iter();
                all.filter(|grant| grant.kind == GrantKind::Living).collect()
            }
        };
        if let Some(path) = &self.policy {
            let (text, checked) = PolicyText::read(path)?.check()?;
            let failed = |findings| Failure::Policy { text: Box::new(text), findings };
            let policy = checked.compile().map_err(failed)?;
            let permission = self.permission.as_ref();
            let question = Question { from: &self.tenant.0, permission, at: at.seconds() };
            grants.extend(question.of_policy(&policy));
        }
        grants.sort_by(|one, other| (&one.to, &one.id).cmp(&(&other.to, &other.id)));
        self.show(at, grants)
    }

    fn of_service(&self, at: Moment) -> Result<Vec<GrantBody>, Failure> {
        let at = UnixTime::from(at).to_string();
        let mut path =
            format!("/v1/who-can?tenant={}&at={}", segment(self.tenant.0.as_str()), segment(&at));
        if let Some(permission) = &self.permission {
            path.push_str(&format!("&permission={}", segment(permission.as_str())));
        }
        let found: WhoCan = self.common.client()?.get(&path)?;
        Ok(found.grants)
    }

    fn show(&self, at: Moment, grants: Vec<GrantBody>) -> Result<Outcome, Failure> {
        let mut out = anstream::stdout().lock();
        let tenant = self.tenant.0.to_string();
        if self.common.format == Format::Json {
            let at = UnixTime::from(at).to_string();
            writeln!(out, "{}", json(&WhoCan { tenant, at, grants }))?;
            return Ok(Outcome::Good);
        }
        if grants.is_empty() {
            writeln!(out, "no delegation lets anybody at the data of {tenant}")?;
        }
        for grant in grants {
            let principals = match &grant.principals {
                PrincipalsName::All(_) => "anybody".to_owned(),
                PrincipalsName::Named(named) => named.join(", "),
            };
            let kind = match grant.kind {
                GrantKind::Static => "static",
                GrantKind::Living => "living",
            };
            let (who, may) = (text(&principals), text(&grant.permissions.join(" ")));
            writeln!(out, "{}  {who}: {may}", styled(BOLD, text(&grant.to)))?;
            let until = short(&grant.expires);
            let mut by = format!("{kind} {}, until {until}", text(&grant.id));
            if !grant.audiences.is_empty() {
                by.push_str(&format!(", tokens for {}", text(&grant.audiences.join(" "))));
            }
            let reference = grant.consent.reference.as_deref();
            let reference = reference.map(|it| format!(" ({})", text(it))).unwrap_or_default();
            by.push_str(&format!(", consent of {}{reference}", text(&grant.consent.act.by)));
            writeln!(out, "  {}", styled(DIM, by))?;
        }
        Ok(Outcome::Good)
    }
}
