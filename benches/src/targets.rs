//! Which listener is sent which token: every variant with the tokens that it is measured with.

use tenantguard_bench::tokens::{TokenSet, Tokens};

use crate::variant::Variant;

/// How many issuers the variants with many have.
const MANY: usize = 500;

/// The tokens of a run.
#[derive(Debug)]
pub(crate) struct Trust {
    one: Tokens,
    many: Tokens,
}

/// A listener and the tokens to send it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) variant: Variant,
    pub(crate) tokens: &'a TokenSet,
    pub(crate) port: u16,
}

impl Trust {
    /// Derives all keys and signs the tokens, which are valid from `now`.
    pub(crate) fn mint(now: u64) -> Self {
        Self { one: Tokens::mint(now), many: Tokens::mint_among(MANY, now) }
    }

    /// The issuers that a variant trusts, and their tokens.
    pub(crate) const fn of(&self, variant: Variant) -> &Tokens {
        if variant.has_many_issuers() { &self.many } else { &self.one }
    }

    /// All targets, sorted by token and then as the variants are.
    pub(crate) fn targets(&self, variants: &[Variant], ports: &[u16]) -> Vec<Target<'_>> {
        let tokens = [&self.one, &self.many];
        let sets = tokens.into_iter().flat_map(|of| of.sets().map(move |set| (of, set)));
        sets.flat_map(|(of, tokens)| {
            let listeners = variants.iter().copied().zip(ports.iter().copied());
            listeners
                .filter(move |(variant, _)| std::ptr::eq(self.of(*variant), of))
                .filter(|(variant, _)| variant.measures(tokens.algorithm))
                .map(move |(variant, port)| Target { variant, tokens, port })
        })
        .collect()
    }
}
