//! Where things stand. Boxes of a column never overlap: each is put where it would like to be, or
//! as far below as it must. Lines run only between neighbouring columns, so none crosses a box.

use super::picture::{Node, Picture};
use super::text;

/// Sizes in pixels.
pub(super) const TITLE: f64 = 14.0;
pub(super) const SMALL: f64 = 12.0;
pub(super) const LINE: f64 = 17.0;
pub(super) const PAD: f64 = 11.0;
pub(super) const MARGIN: f64 = 32.0;
const GAP: f64 = 14.0;
const BETWEEN: f64 = 84.0;
/// How many lines one list of a box may take.
const LIST_LINES: usize = 3;

/// A rectangle with its text, line by line.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) title: String,
    pub(super) lines: Vec<String>,
}

impl Placed {
    fn of(node: &Node, x: f64, width: f64) -> Self {
        let inner = width - 2.0 * PAD;
        let list = |items: &Vec<String>| text::list(items, SMALL, inner, LIST_LINES);
        let lines: Vec<String> = node.lists.iter().flat_map(list).collect();
        let rows = f64::from(u32::try_from(lines.len()).unwrap_or(u32::MAX));
        let height = 2.0 * PAD + TITLE + rows * LINE;
        Self { x, y: 0.0, width, height, title: text::cut(&node.title, TITLE, inner), lines }
    }

    /// Half way down.
    pub(super) fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }

    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

/// Everything, placed.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Where the headings of the columns stand.
    pub(super) heads: [f64; 4],
    pub(super) head_y: f64,
    /// The claim, broken into lines.
    pub(super) claim: Vec<String>,
    pub(super) issuers: Vec<Placed>,
    pub(super) tenants: Vec<Placed>,
    pub(super) cards: Vec<Placed>,
    pub(super) owners: Vec<Placed>,
}

/// The widths of the columns, for what is in them.
fn widths(picture: &Picture) -> [f64; 4] {
    let widest = |nodes: &mut dyn Iterator<Item = &Node>, least: f64, most: f64| {
        let of = |node: &Node| text::width(&node.title, TITLE) + 2.0 * PAD;
        nodes.map(of).fold(least, f64::max).min(most)
    };
    [
        widest(&mut picture.issuers.iter(), 200.0, 280.0),
        widest(&mut picture.tenants.iter(), 150.0, 230.0),
        widest(&mut picture.cards.iter().map(|card| &card.node), 250.0, 330.0),
        widest(&mut picture.owners.iter(), 190.0, 260.0),
    ]
}

/// Places everything.
pub(super) fn place(picture: &Picture) -> Layout {
    let widths = widths(picture);
    let mut heads = [MARGIN; 4];
    let mut x = MARGIN;
    for (head, width) in heads.iter_mut().zip(widths) {
        *head = x;
        x += width + BETWEEN;
    }
    let width = x - BETWEEN + MARGIN;
    let claim = broken(&picture.claim, width - 2.0 * MARGIN);
    let lines =
        f64::from(u32::try_from(claim.len() + usize::from(picture.warning.is_some())).unwrap_or(0));
    let head_y = MARGIN + 26.0 + lines * 21.0 + 22.0;
    let top = head_y + 16.0;
    let [at_issuers, at_tenants, at_cards, at_owners] = heads;
    let [w_issuers, w_tenants, w_cards, w_owners] = widths;

    let mut cards: Vec<Placed> =
        picture.cards.iter().map(|card| Placed::of(&card.node, at_cards, w_cards)).collect();
    let wishes: Vec<f64> = (0..cards.len()).map(|_| 0.0).collect();
    stack(&mut cards, &wishes, top);

    let mut tenants = column(&picture.tenants, at_tenants, w_tenants);
    let pairs = picture.cards.iter().zip(0..);
    let to_tenant: Vec<(usize, usize)> = pairs.clone().map(|(c, at)| (c.acting, at)).collect();
    stack_beside(&mut tenants, &to_tenant, &cards, top);

    let mut owners = column(&picture.owners, at_owners, w_owners);
    let to_owner: Vec<(usize, usize)> = pairs.map(|(c, at)| (c.resource, at)).collect();
    stack_beside(&mut owners, &to_owner, &cards, top);

    let mut issuers = column(&picture.issuers, at_issuers, w_issuers);
    let to_issuer: Vec<(usize, usize)> = picture.speaks.iter().copied().collect();
    stack_beside(&mut issuers, &to_issuer, &tenants, top);

    let all = issuers.iter().chain(&tenants).chain(&cards).chain(&owners);
    let bottom = all.map(Placed::bottom).fold(top, f64::max);
    let height = bottom + 66.0;
    Layout { width, height, heads, head_y, claim, issuers, tenants, cards, owners }
}

fn column(nodes: &[Node], x: f64, width: f64) -> Vec<Placed> {
    nodes.iter().map(|node| Placed::of(node, x, width)).collect()
}

/// Each box beside the middle of those that it is tied to; what is tied to none comes last.
fn stack_beside(boxes: &mut [Placed], ties: &[(usize, usize)], beside: &[Placed], top: f64) {
    let wishes: Vec<f64> = boxes
        .iter()
        .zip(0..)
        .map(|(own, at)| {
            let tied = ties.iter().filter(|(from, _)| *from == at);
            let middles: Vec<f64> =
                tied.filter_map(|(_, to)| beside.get(*to)).map(Placed::middle).collect();
            let count = f64::from(u32::try_from(middles.len()).unwrap_or(u32::MAX));
            match middles.is_empty() {
                true => f64::MAX,
                false => middles.iter().sum::<f64>() / count - own.height / 2.0,
            }
        })
        .collect();
    stack(boxes, &wishes, top);
}

/// Puts boxes one under the other in the order of their wishes.
fn stack(boxes: &mut [Placed], wishes: &[f64], top: f64) {
    let mut order: Vec<(usize, f64)> = wishes.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut free = top;
    for (at, wish) in order {
        let Some(own) = boxes.get_mut(at) else { continue };
        own.y = if wish < f64::MAX { wish.max(free) } else { free };
        free = own.bottom() + GAP;
    }
}

/// A sentence in lines.
fn broken(sentence: &str, limit: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in sentence.split(' ') {
        match lines.last_mut() {
            Some(line) if text::width(&format!("{line} {word}"), 15.0) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_never_overlap_whatever_they_wish() {
        let node = Node { title: "x".to_owned(), lists: Vec::new(), hint: String::new() };
        let mut boxes = column(&vec![node; 40], 0.0, 100.0);
        let wishes: Vec<f64> = (0..40).map(|n| f64::from(n * 37 % 50) * 3.0).collect();
        stack(&mut boxes, &wishes, 100.0);
        boxes.sort_by(|a, b| a.y.total_cmp(&b.y));
        assert!(boxes[0].y >= 100.0);
        assert!(boxes.windows(2).all(|pair| pair[0].bottom() <= pair[1].y));
    }
}
