//! What is new since a baseline, on the screen and as JSON.

use std::fmt::{Result, Write as _};

use serde_json::json;
use tenantguard_policy::reach::{Door, Names, News, Piece, Principals};

use super::super::lists::{count, door, short};
use crate::output::{BAD, BOLD, DIM, GOOD, bytes_human, styled};

/// How many doors of one piece are shown.
const DOORS: usize = 20;

pub(super) fn json(news: &News) -> String {
    format!("{}\n", json!({"new": news}))
}

pub(super) fn screen(name: &str, news: &News) -> String {
    let mut screen = String::new();
    // Writing to a string cannot fail.
    let _ = draw(&mut screen, name, news);
    screen
}

fn draw(screen: &mut String, name: &str, news: &News) -> Result {
    if news.is_empty() {
        return writeln!(screen, "{} {name} reaches nothing new", styled(GOOD, "ok"));
    }
    for piece in &news.pieces {
        draw_piece(screen, piece)?;
    }
    let found = styled(BAD, count(news.pieces.len(), "new reach").replace("reachs", "reaches"));
    writeln!(screen, "\n{found} in {name}; if it is meant, save the baseline anew")
}

fn draw_piece(screen: &mut String, piece: &Piece) -> Result {
    let plus = styled(BAD, "+");
    match piece {
        Piece::CrossTenant { acting, resource, delegation, .. } => {
            let arrow = styled(BOLD, format!("{acting} -> {resource}"));
            writeln!(screen, "{plus} {arrow}  by {delegation}")?;
            cross(screen, piece)
        }
        Piece::Unenforced { mode, door: open } => {
            let what = styled(BOLD, format!("not enforced ({mode})"));
            writeln!(screen, "{plus} {what}  {}", door(open))
        }
        Piece::Public { door: open } => {
            writeln!(screen, "{plus} {}  {}", styled(BOLD, "without identity"), door(open))
        }
        Piece::Issuer { issuer, tenants, roles, authority } => {
            let issuer = bytes_human(issuer.as_bytes());
            writeln!(screen, "{plus} {}", styled(BOLD, issuer))?;
            said(screen, "may speak for", tenants, "tenant")?;
            said(screen, "may give", roles, "role")?;
            match authority {
                Some(authority) => writeln!(screen, "    its tokens' authority is {authority}"),
                None => Ok(()),
            }
        }
        Piece::Home { tenants, roles, doors: opened } => {
            let whose = styled(BOLD, format!("{} at home", short(tenants)));
            writeln!(screen, "{plus} {whose}  as {}", short(roles))?;
            doors(screen, opened)
        }
    }
}

fn cross(screen: &mut String, piece: &Piece) -> Result {
    let Piece::CrossTenant {
        acting, principals, roles, doors: opened, not_before, expires, ..
    } = piece
    else {
        return Ok(());
    };
    let who = match principals {
        Principals::Any => format!("any of {acting}"),
        Principals::Only(names) => bytes_human(short(names).as_bytes()),
    };
    let when = styled(DIM, format!("from {not_before} until {expires}"));
    writeln!(screen, "    {who}, as {}  {when}", short(roles))?;
    doors(screen, opened)
}

fn doors(screen: &mut String, opened: &[Door]) -> Result {
    for open in opened.iter().take(DOORS) {
        writeln!(screen, "    {}", door(open))?;
    }
    match opened.len().saturating_sub(DOORS) {
        0 => Ok(()),
        more => writeln!(screen, "    and {more} more, which --format json shows"),
    }
}

fn said(screen: &mut String, verb: &str, names: &Names, what: &str) -> Result {
    match names {
        Names::Any => writeln!(screen, "    {verb} any {what}"),
        Names::Only(names) if names.is_empty() => Ok(()),
        Names::Only(names) => writeln!(screen, "    {verb} the {what} {}", short(names)),
    }
}
