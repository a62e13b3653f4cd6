//! Writes the picture down.

use std::fmt::{Result, Write as _};

use super::layout::{Layout, MARGIN, PAD, Placed, SMALL, TITLE};
use super::picture::{Node, Picture};
use super::text::escaped;

/// Two sets of colours. What knows no media queries shows the first.
const STYLE: &str = "\
text{font-family:ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif;font-size:12px;fill:#57606a}
.page{fill:#ffffff}.h1{font-size:20px;font-weight:600;fill:#1f2328}.claim{font-size:15px;fill:#1f2328}
.bad{font-size:15px;font-weight:600;fill:#b42318}.head{font-size:12px;font-weight:600;fill:#6e7781}
.t{font-size:14px;font-weight:600;fill:#1f2328}.foot{font-size:11px;fill:#6e7781}
.issuer{fill:#eaf3ff;stroke:#5b8fd6}.tenant{fill:#f6f8fa;stroke:#8c959f}.card{fill:#fff6e0;stroke:#c98a12}.owner{fill:#f3eefc;stroke:#8a6bc9}
.speaks{fill:none;stroke:#7fa6dc;stroke-width:1.3}.acts{fill:none;stroke:#c98a12;stroke-width:1.8}.tip{fill:#c98a12}.soft{fill:#7fa6dc}
@media (prefers-color-scheme:dark){
text{fill:#a5adb8}.page{fill:#15191f}.h1,.claim,.t{fill:#eef1f5}.bad{fill:#ff8a80}.head,.foot{fill:#8f99a6}
.issuer{fill:#16263c;stroke:#4f7fbf}.tenant{fill:#20262e;stroke:#6c7683}.card{fill:#33270d;stroke:#d69a2d}.owner{fill:#2a2140;stroke:#8a6bc9}
.speaks{stroke:#4a6fa3}.acts{stroke:#d69a2d}.tip{fill:#d69a2d}.soft{fill:#4a6fa3}
}";

pub(super) fn paint(picture: &Picture, layout: &Layout) -> String {
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut svg, picture, layout);
    svg
}

fn write(svg: &mut String, picture: &Picture, layout: &Layout) -> Result {
    let (width, height) = (layout.width.ceil(), layout.height.ceil());
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">"#
    )?;
    writeln!(svg, "<title>{}</title>", escaped(&picture.claim))?;
    writeln!(svg, "<style>\n{STYLE}\n</style>")?;
    for (name, class) in [("tip", "tip"), ("soft", "soft")] {
        writeln!(
            svg,
            r#"<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="{class}" d="M0 0L8 4L0 8z"/></marker>"#
        )?;
    }
    writeln!(svg, r#"<rect class="page" width="{width}" height="{height}"/>"#)?;
    heading(svg, picture, layout)?;
    lines(svg, picture, layout)?;
    boxes(svg, picture, layout)?;
    footing(svg, picture, layout)?;
    writeln!(svg, "</svg>")
}

fn label(svg: &mut String, class: &str, x: f64, y: f64, text: &str) -> Result {
    writeln!(svg, r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{}</text>"#, escaped(text))
}

fn heading(svg: &mut String, picture: &Picture, layout: &Layout) -> Result {
    label(svg, "h1", MARGIN, MARGIN + 12.0, "Who reaches whose data")?;
    let mut y = MARGIN + 38.0;
    for line in &layout.claim {
        label(svg, "claim", MARGIN, y, line)?;
        y += 21.0;
    }
    if let Some(warning) = &picture.warning {
        label(svg, "bad", MARGIN, y, warning)?;
    }
    let heads = ["Issuers, who speak for", "tenants, who may act"];
    let further = ["under a delegation", "in another tenant's data"];
    let further = further.into_iter().filter(|_| !picture.cards.is_empty());
    for (head, x) in heads.into_iter().chain(further).zip(layout.heads) {
        label(svg, "head", x, layout.head_y, head)?;
    }
    Ok(())
}

/// From the right side of one box to the left side of another.
fn line(svg: &mut String, class: &str, tip: &str, from: &Placed, to: &Placed) -> Result {
    let (x1, y1, x2, y2) = (from.right(), from.middle(), to.x, to.middle());
    let half = (x2 - x1) / 2.0;
    let end =
        if tip.is_empty() { String::new() } else { format!(r##" marker-end="url(#{tip})""##) };
    let (c1, c2) = (x1 + half, x2 - half);
    writeln!(
        svg,
        r#"<path class="{class}"{end} d="M{x1:.1} {y1:.1}C{c1:.1} {y1:.1} {c2:.1} {y2:.1} {x2:.1} {y2:.1}"/>"#
    )
}

fn lines(svg: &mut String, picture: &Picture, layout: &Layout) -> Result {
    for (issuer, tenant) in &picture.speaks {
        if let (Some(from), Some(to)) = (layout.issuers.get(*issuer), layout.tenants.get(*tenant)) {
            line(svg, "speaks", "soft", from, to)?;
        }
    }
    for (card, placed) in picture.cards.iter().zip(&layout.cards) {
        if let Some(from) = layout.tenants.get(card.acting) {
            line(svg, "acts", "", from, placed)?;
        }
        if let Some(to) = layout.owners.get(card.resource) {
            line(svg, "acts", "tip", placed, to)?;
        }
    }
    Ok(())
}

fn boxes(svg: &mut String, picture: &Picture, layout: &Layout) -> Result {
    let column =
        |svg: &mut String, class: &str, nodes: &mut dyn Iterator<Item = &Node>, at: &[Placed]| {
            nodes.zip(at).try_for_each(|(node, placed)| draw_box(svg, class, node, placed))
        };
    column(svg, "issuer", &mut picture.issuers.iter(), &layout.issuers)?;
    column(svg, "tenant", &mut picture.tenants.iter(), &layout.tenants)?;
    column(svg, "card", &mut picture.cards.iter().map(|card| &card.node), &layout.cards)?;
    column(svg, "owner", &mut picture.owners.iter(), &layout.owners)
}

fn draw_box(svg: &mut String, class: &str, node: &Node, placed: &Placed) -> Result {
    let Placed { x, y, width, height, title, lines } = placed;
    writeln!(svg, "<g><title>{}</title>", escaped(&node.hint))?;
    writeln!(
        svg,
        r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="7"/>"#
    )?;
    let mut baseline = y + PAD + TITLE - 2.0;
    label(svg, "t", x + PAD, baseline, title)?;
    for line in lines {
        baseline += super::layout::LINE;
        label(svg, "d", x + PAD, baseline, line)?;
    }
    writeln!(svg, "</g>")
}

fn footing(svg: &mut String, picture: &Picture, layout: &Layout) -> Result {
    let y = layout.height - MARGIN + 8.0;
    label(svg, "foot", MARGIN, y - SMALL - 4.0, &picture.note)?;
    label(svg, "foot", MARGIN, y, &picture.policy)
}
