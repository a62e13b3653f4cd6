//! A Markdown table whose columns line up, so that it reads well unrendered too.
//! Uses nothing.

/// Renders `lines`, the first of which is the heading: the first `names` columns to the
/// left, the figures behind them to the right.
pub(crate) fn render<const N: usize>(lines: &[[String; N]], names: usize) -> String {
    let mut widths = [0; N];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut table = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            let gap = " ".repeat(width - cell.chars().count());
            if column < names {
                table += &format!("| {cell}{gap} ");
            } else {
                table += &format!("| {gap}{cell} ");
            }
        }
        table += "|\n";
        if number == 0 {
            table += &rule(&widths, names);
        }
    }
    table
}

fn rule(widths: &[usize], names: usize) -> String {
    let mut rule = String::new();
    for (column, width) in widths.iter().enumerate() {
        let dashes = "-".repeat(width + 1);
        if column < names {
            rule += &format!("|:{dashes}");
        } else {
            rule += &format!("|{dashes}:");
        }
    }
    rule + "|\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_characters_not_bytes() {
        let lines = [["variant", "µs"], ["x", "1.0 (1–2)"], ["longer name", "2"]];
        let table = render(&lines.map(|line| line.map(str::to_owned)), 1);
        let expected = "\
| variant     |        µs |
|:------------|----------:|
| x           | 1.0 (1–2) |
| longer name |         2 |
";
        assert_eq!(table, expected);
    }
}
