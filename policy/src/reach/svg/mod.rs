//! The picture of who reaches whom, to be read like a sentence from left to right: an issuer speaks
//! for a tenant, which under a delegation reaches another tenant's data.
//!
//! Four columns, and in each the boxes stand one under the other, so that no label can lie on
//! another one. `picture` says what is drawn and groups what would not fit, `layout` says where,
//! `paint` writes it. Plain SVG 1.1 without fonts or scripts; colours follow the reader's scheme.

mod layout;
mod paint;
mod picture;
mod text;

use super::Reach;

/// Draws a report.
#[must_use]
pub fn draw(reach: &Reach) -> String {
    let picture = picture::Picture::of(reach);
    let placed = layout::place(&picture);
    paint::paint(&picture, &placed)
}
