//! Text in a picture whose font is not known: how wide it is at most, and how it is cut and broken.

/// How wide a character is at most, in parts of the font size. Names are digits and lower-case
/// letters mostly, of which the widest common fonts make 0.62 on average.
const AVERAGE: f64 = 0.62;
/// The same for wide letters.
const WIDE: f64 = 0.92;
/// The same for narrow ones.
const NARROW: f64 = 0.4;

/// The width of a text in pixels, rather too much than too little.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let of = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | '!' => NARROW,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '→' | '…' => WIDE,
        c if c.is_ascii_uppercase() => 0.74,
        c if c.is_ascii() => AVERAGE,
        _ => 1.0,
    };
    text.chars().map(of).sum::<f64>() * size
}

/// The text, cut with an ellipsis where it is wider than that.
pub(super) fn cut(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept, size) + width("…", size) > limit {
            kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}

/// The items of a list on as many lines as they need. If that is more than `lines`, the last one
/// says how many items are left out.
pub(super) fn list(items: &[String], size: f64, limit: f64, lines: usize) -> Vec<String> {
    let mut packed: Vec<(String, usize)> = Vec::new();
    for item in items {
        let item = cut(item, size, limit);
        let longer = packed.last().map(|(line, count)| (format!("{line}, {item}"), count + 1));
        if let Some(longer) = longer.filter(|(line, _)| width(line, size) <= limit) {
            packed.pop();
            packed.push(longer);
        } else if packed.len() > lines {
            break;
        } else {
            packed.push((item, 1));
        }
    }
    if packed.len() > lines {
        packed.truncate(lines.saturating_sub(1));
        let shown: usize = packed.iter().map(|(_, items)| items).sum();
        packed.push((format!("… and {} more", items.len() - shown), 0));
    }
    packed.into_iter().map(|(line, _)| line).collect()
}

/// The text as it may stand in XML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Not allowed in XML, or able to turn text around.
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}') =>
            {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_its_width_and_escaped() {
        let long = "a-tenant-with-a-very-long-name";
        let short = cut(long, 10.0, 60.0);
        assert!(short.ends_with('…') && width(&short, 10.0) <= 60.0, "{short}");
        assert_eq!(cut("acme", 10.0, 60.0), "acme");
        assert_eq!(
            escaped("a<b>&\"c\"\u{1b}\u{202e}"),
            "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn a_list_says_how_much_it_leaves_out() {
        let items: Vec<String> = (0..50).map(|n| format!("res{n}:read")).collect();
        let lines = list(&items, 10.0, 200.0, 3);
        assert_eq!(lines.len(), 3);
        assert!(lines[2].ends_with("more"), "{lines:?}");
        assert!(lines.iter().all(|line| width(line, 10.0) <= 200.0), "{lines:?}");
        assert_eq!(list(&items[..2], 10.0, 200.0, 3), ["res0:read, res1:read"]);
    }
}
