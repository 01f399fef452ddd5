//! Words by which customers are grouped.

use std::collections::BTreeSet;

use crate::kernel::error::Error;
use crate::kernel::language::said;

use super::text::line;

/// How many tags one customer may have.
pub const TAGS_MAX: usize = 20;
const TAG_CHARS_MAX: usize = 50;
const COLOUR_DEFAULT: &str = "#007bff";

/// A word on a customer, and the colour it is shown in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    name: String,
    colour: String,
}

impl Tag {
    /// A tag of 1 to 50 visible characters without a comma. The colour is `#rrggbb`, `#007bff` if
    /// none is named.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for any other name or colour.
    pub fn new(name: &str, colour: Option<&str>) -> Result<Self, Error> {
        let name = line("tags", name, TAG_CHARS_MAX)?;
        if name.contains(',') {
            return Err(Error::invalid(
                "tags",
                said!("leave commas out of a tag", "jangan gunakan koma di dalam tag"),
            ));
        }
        let colour = colour.unwrap_or(COLOUR_DEFAULT).to_ascii_lowercase();
        let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6);
        if digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            Ok(Self { name, colour })
        } else {
            Err(Error::invalid(
                "colour",
                said!(
                    "use six hexadecimal digits, such as #007bff",
                    "gunakan enam digit heksadesimal, seperti #007bff"
                ),
            ))
        }
    }

    /// Wraps a tag that was stored before.
    pub const fn stored(name: String, colour: String) -> Self {
        Self { name, colour }
    }

    /// The word.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The colour as `#rrggbb`.
    pub fn colour(&self) -> &str {
        &self.colour
    }
}

/// Checks that a customer has at most 20 tags, each once.
///
/// # Errors
///
/// [`Error::Invalid`] if not.
pub fn checked(tags: Vec<Tag>) -> Result<Vec<Tag>, Error> {
    if tags.len() > TAGS_MAX {
        return Err(Error::invalid(
            "tags",
            said!("use at most {TAGS_MAX} tags", "gunakan paling banyak {TAGS_MAX} tag"),
        ));
    }
    let names: BTreeSet<&str> = tags.iter().map(Tag::name).collect();
    if names.len() < tags.len() {
        return Err(Error::invalid(
            "tags",
            said!("name each tag once", "sebutkan setiap tag satu kali saja"),
        ));
    }
    Ok(tags)
}

/// How the tags of a customer change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagEdit {
    /// These and no others.
    Replace(Vec<Tag>),
    /// These as well; one that is there already gets the new colour.
    Add(Vec<Tag>),
    /// Those of this name no longer.
    Remove(String),
}

impl TagEdit {
    /// The tags after the change, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for more than 20, or one named twice.
    pub fn applied(&self, before: &[Tag]) -> Result<Vec<Tag>, Error> {
        let mut tags = match self {
            Self::Replace(tags) => tags.clone(),
            Self::Add(tags) => {
                let old = before.iter().filter(|old| tags.iter().all(|new| new.name != old.name));
                old.chain(tags).cloned().collect()
            }
            Self::Remove(name) => before.iter().filter(|tag| tag.name != *name).cloned().collect(),
        };
        tags.sort();
        checked(tags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(name: &str, colour: &str) -> Tag {
        Tag::new(name, Some(colour)).unwrap()
    }

    #[test]
    fn a_tag_has_a_word_and_a_colour() {
        assert_eq!(Tag::new(" RT 05 ", None).unwrap().colour(), "#007bff");
        assert_eq!(tag("vip", "#FF0000").colour(), "#ff0000");
        for (name, colour) in [("", None), ("a,b", None), ("vip", Some("red")), ("x", Some("#1"))] {
            assert!(Tag::new(name, colour).is_err(), "{name} {colour:?}");
        }
    }

    #[test]
    fn adding_a_tag_again_gives_it_the_new_colour() {
        let before = [tag("a", "#000000"), tag("b", "#000000")];
        let added = TagEdit::Add(vec![tag("b", "#ffffff"), tag("c", "#ffffff")]);
        let after = [tag("a", "#000000"), tag("b", "#ffffff"), tag("c", "#ffffff")];
        assert_eq!(added.applied(&before).unwrap(), after);
        let removed = TagEdit::Remove("a".to_owned());
        assert_eq!(removed.applied(&after).unwrap(), after[1..]);
        let twice = TagEdit::Replace(vec![tag("a", "#000000"), tag("a", "#ffffff")]);
        assert!(twice.applied(&[]).is_err());
    }
}
