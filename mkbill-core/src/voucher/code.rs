//! Voucher codes: random, without look-alikes, from a space too large to guess in.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::kernel::entropy::{CLEAR_SYMBOLS, Entropy, pick};
use crate::kernel::error::{Error, Refusal};
use crate::kernel::language::said;
use crate::kernel::wrong::Wrong;

/// The symbols of random parts and passwords: no `0`/`O`, no `1`/`I`/`L`.
pub const ALPHABET: &[u8; 31] = CLEAR_SYMBOLS;
/// Tries for one code before giving up.
pub const CODE_TRIES_MAX: u32 = 100;
/// A code space holds at least this many codes for each one in use, so that whoever guesses at
/// random needs a thousand guesses for a hit on average. The default shape holds over a thousand
/// million for each code of the largest batch.
pub const GUESS_BUDGET: u64 = 1_000;
/// Random characters of a code unless asked otherwise: 31⁹ codes, more than 44 bits.
pub const RANDOM_CHARS_DEFAULT: u8 = 9;
/// The fewest random characters of a code.
pub const RANDOM_CHARS_MIN: u8 = 4;
/// The most random characters of a code.
pub const RANDOM_CHARS_MAX: u8 = 20;
const PREFIX_CHARS_MAX: usize = 10;
const CODE_CHARS_MAX: usize = 40;
const PASSWORD_CHARS: usize = 8;

fn is_code_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-'
}

/// `count` random symbols of the alphabet.
fn random(entropy: &dyn Entropy, count: usize) -> String {
    pick(entropy, ALPHABET, count).into_iter().map(char::from).collect()
}

/// What a customer types: 1 to 40 of `A-Z`, `0-9` and `-`. Its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(String);

impl Code {
    /// The code's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Code {
    type Err = Error;

    /// Takes what was typed: blanks around it and small letters do not matter.
    fn from_str(text: &str) -> Result<Self, Error> {
        let code = text.trim().to_ascii_uppercase();
        if (1..=CODE_CHARS_MAX).contains(&code.len()) && code.bytes().all(is_code_byte) {
            Ok(Self(code))
        } else {
            Err(Error::invalid("code", Wrong::Code { most: CODE_CHARS_MAX }))
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// What all codes of a batch begin with: up to ten of `A-Z`, `0-9` and `-`; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Prefix(String);

impl Prefix {
    /// The prefix's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Prefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() <= PREFIX_CHARS_MAX && text.bytes().all(is_code_byte) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid(
                "prefix",
                said!(
                    "use at most {PREFIX_CHARS_MAX} of A-Z, 0-9 and -",
                    "gunakan paling banyak {PREFIX_CHARS_MAX} karakter dari A-Z, 0-9 dan -"
                ),
            ))
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a voucher's password is its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoginMode {
    /// The password is the code.
    #[default]
    Same,
    /// The password is eight random symbols of its own.
    Separate,
}

impl LoginMode {
    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Separate => "separate",
        }
    }

    /// Reads a stored name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Same, Self::Separate].into_iter().find(|mode| mode.name() == name)
    }

    /// The password that goes with `code`.
    pub fn password(self, code: &Code, entropy: &dyn Entropy) -> String {
        match self {
            Self::Same => code.as_str().to_owned(),
            Self::Separate => random(entropy, PASSWORD_CHARS),
        }
    }
}

/// Why no codes are made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefusal {
    /// So many codes would leave the space easy to guess in.
    #[error(
        "{random_chars} random characters give {space} codes, too few for {codes} to stay hard to guess ({GUESS_BUDGET} each): use at least {enough} random characters"
    )]
    SpaceTooSmall {
        /// Random characters asked for.
        random_chars: u8,
        /// How many codes they give.
        space: u128,
        /// How many codes would be in use.
        codes: u128,
        /// How many random characters would do.
        enough: u8,
    },
    /// Every try met a code that is in use.
    #[error(
        "no free code was found in {CODE_TRIES_MAX} tries: use more random characters or another prefix"
    )]
    Exhausted,
}

impl Refusal for CodeRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::SpaceTooSmall { .. } => "code_space_too_small",
            Self::Exhausted => "codes_exhausted",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::SpaceTooSmall { random_chars, space, codes, enough } => format!(
                "{random_chars} karakter acak memberi {space} kode, terlalu sedikit agar {codes} kode tetap sulit ditebak (masing-masing {GUESS_BUDGET}): gunakan paling sedikit {enough} karakter acak"
            ),
            Self::Exhausted => format!(
                "tidak ditemukan kode kosong dalam {CODE_TRIES_MAX} percobaan: gunakan lebih banyak karakter acak atau awalan lain"
            ),
        }
    }
}

/// What codes look like: a prefix and, never shortened by it, a random part.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CodeShape {
    /// What they begin with.
    pub prefix: Prefix,
    /// How many random symbols follow.
    pub random_chars: u8,
}

impl Default for CodeShape {
    fn default() -> Self {
        Self { prefix: Prefix::default(), random_chars: RANDOM_CHARS_DEFAULT }
    }
}

/// How many codes `random_chars` symbols give; the largest number there is, should they be more.
fn space(random_chars: u8) -> u128 {
    let symbols = ALPHABET.len() as u128;
    symbols.checked_pow(u32::from(random_chars)).unwrap_or(u128::MAX)
}

impl CodeShape {
    /// Checks that there are 4 to 20 random characters.
    pub fn checked(self) -> Result<Self, Error> {
        if (RANDOM_CHARS_MIN..=RANDOM_CHARS_MAX).contains(&self.random_chars) {
            return Ok(self);
        }
        let problem = said!(
            "use {RANDOM_CHARS_MIN} to {RANDOM_CHARS_MAX}; got {given}",
            "gunakan {RANDOM_CHARS_MIN} sampai {RANDOM_CHARS_MAX}; yang diterima {given}",
            given = self.random_chars,
        );
        Err(Error::invalid("random_chars", problem))
    }

    /// Checks that `count` codes more, beside `already_used` of this shape, stay hard to guess:
    /// [`GUESS_BUDGET`] codes of the space for each one in use.
    pub fn check_space(&self, count: u32, already_used: u64) -> Result<(), CodeRefusal> {
        let codes = u128::from(count) + u128::from(already_used);
        let needed = codes * u128::from(GUESS_BUDGET);
        let space_here = space(self.random_chars);
        if space_here >= needed {
            return Ok(());
        }
        let enough = (RANDOM_CHARS_MIN..=RANDOM_CHARS_MAX)
            .find(|chars| space(*chars) >= needed)
            .expect("31²⁰ codes are above 1,000 × 2⁶⁵");
        let random_chars = self.random_chars;
        Err(CodeRefusal::SpaceTooSmall { random_chars, space: space_here, codes, enough })
    }

    /// A code that is not `taken`, or a refusal after [`CODE_TRIES_MAX`] tries.
    pub fn generate(
        &self,
        entropy: &dyn Entropy,
        taken: impl Fn(&str) -> bool,
    ) -> Result<Code, CodeRefusal> {
        let random_chars = usize::from(self.random_chars);
        (0..CODE_TRIES_MAX)
            .map(|_| format!("{}{}", self.prefix, random(entropy, random_chars)))
            .find(|code| !taken(code))
            .map(Code)
            .ok_or(CodeRefusal::Exhausted)
    }
}

/// `count` different codes, or none at all: the space is checked before the first is made.
///
/// Codes that are in use elsewhere are the caller's to find and replace, see [`CodeShape::generate`].
pub fn generate_batch(
    shape: &CodeShape,
    count: u32,
    entropy: &dyn Entropy,
) -> Result<Vec<Code>, CodeRefusal> {
    shape.check_space(count, 0)?;
    let mut codes = Vec::new();
    let mut seen = HashSet::new();
    for _ in 0..count {
        let code = shape.generate(entropy, |code| seen.contains(code))?;
        seen.insert(code.as_str().to_owned());
        codes.push(code);
    }
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;

    fn shape(prefix: &str, random_chars: u8) -> CodeShape {
        CodeShape { prefix: prefix.parse().unwrap(), random_chars }
    }

    #[test]
    fn the_default_shape_has_more_than_44_bits() {
        assert!(space(CodeShape::default().random_chars) > 1 << 44);
        assert!(space(RANDOM_CHARS_DEFAULT - 1) < 1 << 40, "one less would be below 40 bits");
    }

    #[test]
    fn a_hundred_thousand_codes_hold_no_duplicate_and_no_look_alike() {
        let codes = generate_batch(&CodeShape::default(), 100_000, &OsEntropy).unwrap();
        let different: HashSet<&str> = codes.iter().map(Code::as_str).collect();
        assert_eq!(different.len(), 100_000);
        assert!(different.iter().all(|code| !code.contains(['0', 'O', '1', 'I', 'L'])));
    }

    #[test]
    fn a_tiny_space_fails_loudly_and_says_how_many_characters_would_do() {
        let refusal = generate_batch(&shape("", 4), 1_000, &OsEntropy).unwrap_err();
        assert_eq!(refusal.code(), "code_space_too_small");
        let CodeRefusal::SpaceTooSmall { enough, space: 923_521, .. } = refusal else { panic!() };
        assert_eq!(enough, 5);
        assert!(shape("", enough).check_space(1_000, 0).is_ok());
    }

    #[test]
    fn codes_in_use_count_against_the_space() {
        assert!(shape("", 4).check_space(923, 0).is_ok());
        assert!(shape("", 4).check_space(923, 1).is_err());
        let full = shape("", 4).check_space(u32::MAX, u64::MAX).unwrap_err();
        assert!(matches!(full, CodeRefusal::SpaceTooSmall { enough: 15, .. }), "{full}");
        assert!(shape("", u8::MAX).check_space(u32::MAX, u64::MAX).is_ok());
    }

    #[test]
    fn a_prefix_never_eats_randomness() {
        let shape = shape("WIFI-2026-", 9);
        let code = shape.generate(&OsEntropy, |_| false).unwrap();
        assert!(code.as_str().starts_with("WIFI-2026-"));
        assert_eq!(code.as_str().len(), 10 + 9);
        assert_eq!(code.as_str().parse::<Code>().unwrap(), code);
    }

    #[test]
    fn a_taken_code_is_tried_again_and_after_a_hundred_tries_refused() {
        let tries = std::cell::Cell::new(0);
        let taken_until = |free: u32| {
            tries.set(0);
            CodeShape::default().generate(&OsEntropy, |_| {
                tries.set(tries.get() + 1);
                tries.get() < free
            })
        };
        assert!(taken_until(100).is_ok());
        assert_eq!(taken_until(101).unwrap_err().code(), "codes_exhausted");
        assert_eq!(tries.get(), 100);
    }

    #[test]
    fn random_characters_are_four_to_twenty() {
        for (chars, fits) in [(3, false), (4, true), (20, true), (21, false)] {
            assert_eq!(shape("", chars).checked().is_ok(), fits, "{chars}");
        }
    }

    #[test]
    fn a_typed_code_is_trimmed_and_capitalised() {
        assert_eq!(" wifi-23ab \n".parse::<Code>().unwrap().as_str(), "WIFI-23AB");
        for bad in ["", " ", "A B", "KÖLN", "A_B", &"A".repeat(41)] {
            assert!(bad.parse::<Code>().is_err(), "{bad:?}");
        }
        for bad in ["wifi-", "A B", "ABCDEFGHIJK"] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_code_does_not_show_in_debug_output() {
        let code: Code = "SECRET7".parse().unwrap();
        assert_eq!(format!("{code:?}"), "Code(..)");
    }

    #[test]
    fn a_separate_password_has_eight_symbols_of_the_alphabet() {
        let code: Code = "WIFI-7".parse().unwrap();
        assert_eq!(LoginMode::default().password(&code, &OsEntropy), "WIFI-7");
        let password = LoginMode::Separate.password(&code, &OsEntropy);
        assert_eq!(password.len(), 8);
        assert!(password.bytes().all(|byte| ALPHABET.contains(&byte)));
        for mode in [LoginMode::Same, LoginMode::Separate] {
            assert_eq!(LoginMode::named(mode.name()), Some(mode));
        }
    }
}
