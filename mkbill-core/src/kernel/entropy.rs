//! Randomness as an argument.

use rand::Rng as _;

/// A source of random bytes. Production uses [`OsEntropy`]; tests use a seeded one.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that meets real chance")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// Symbols that people tell apart on paper and screen: no `0`/`O`, no `1`/`I`/`L`.
pub const CLEAR_SYMBOLS: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";

/// Picks members of an alphabet without bias, by rejecting bytes beyond the last whole multiple.
///
/// `alphabet` holds 1 to 256 symbols.
pub fn pick(entropy: &dyn Entropy, alphabet: &[u8], count: usize) -> Vec<u8> {
    let symbols = alphabet.len();
    let ceiling = 256 - 256 % symbols;
    let mut picked = Vec::with_capacity(count);
    let mut pool = [0_u8; 32];
    while picked.len() < count {
        entropy.fill(&mut pool);
        let usable = pool.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < ceiling);
        picked.extend(usable.take(count - picked.len()).map(|byte| alphabet[byte % symbols]));
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_picked_about_equally_often() {
        let alphabet = CLEAR_SYMBOLS;
        let picked = pick(&OsEntropy, alphabet, 310_000);
        let mut seen = [0_u32; 256];
        for symbol in picked {
            seen[usize::from(symbol)] += 1;
        }
        for symbol in alphabet {
            let times = seen[usize::from(*symbol)];
            assert!((9_300..=10_700).contains(&times), "{symbol} was seen {times} times");
        }
    }
}
