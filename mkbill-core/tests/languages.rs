//! Every refusal is said in two languages, with the same figures and names in both.
#![expect(clippy::unwrap_used, reason = "a text that cannot be read has failed")]

use std::collections::BTreeSet;
use std::path::Path;

use mkbill_core::kernel::error::{Error, Wrongs};
use mkbill_core::kernel::language::{Language, Said, said};
use mkbill_core::kernel::thing::Thing;
use mkbill_core::kernel::wrong::Wrong;
use mkbill_core::testkit::refusals;

/// Runs of digits in a text, in any order, without those of units such as `1 PiB`.
fn figures(text: &str) -> Vec<String> {
    let mut found: Vec<String> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .map(str::to_owned)
        .collect();
    found.sort();
    found
}

/// What stands between backticks.
fn names(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[track_caller]
fn agrees(code: &str, said: &Said) {
    let (english, indonesian) = (said.text(Language::English), said.text(Language::Indonesian));
    assert!(!indonesian.trim().is_empty(), "{code} says nothing in Indonesian");
    assert_ne!(english, indonesian, "{code}");
    assert_eq!(figures(english), figures(indonesian), "{code}: {english} / {indonesian}");
    assert_eq!(names(english), names(indonesian), "{code}: {english} / {indonesian}");
}

#[test]
fn every_refusal_says_the_same_in_both_languages() {
    for refusal in refusals() {
        agrees(refusal.code(), &Said::new(refusal.to_string(), refusal.indonesian()));
    }
}

#[test]
fn every_shape_of_what_is_wrong_says_the_same_in_both_languages() {
    let shapes = [
        Wrong::Range { least: 1, most: 200 },
        Wrong::Days { least: 0, most: 31 },
        Wrong::Length { least: 8, most: 200 },
        Wrong::Visible { most: 100 },
        Wrong::OneLine { most: 200 },
        Wrong::Prose { most: 2_000 },
        Wrong::Code { most: 20 },
        Wrong::Slug { most: 40 },
        Wrong::OneOf(vec!["weekly", "monthly"]),
        Wrong::Zone("Asia/Jakarta"),
        Wrong::Span,
    ];
    for shape in shapes {
        agrees(&format!("{shape:?}"), &shape.said());
    }
}

#[test]
fn every_other_error_says_the_same_in_both_languages() {
    let source = || Box::new(std::io::Error::other("away"));
    let errors = [
        Error::conflict(Thing::Plan, said!("the name `a` is taken", "nama `a` sudah dipakai")),
        Error::invalid("count", Wrong::Range { least: 1, most: 10_000 }),
        Error::Unavailable { what: said!("it is away", "tidak ada"), source: source() },
        Error::broken("a row of nonsense"),
    ];
    for error in errors {
        agrees(error.code(), &error.said());
    }
    for thing in Thing::ALL {
        agrees(thing.name(), &Error::not_found(*thing, "b-7").said());
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut wrongs = Wrongs::default();
    let slug = || Err::<(), _>(Error::invalid("name", Wrong::Slug { most: 9 }));
    assert!(wrongs.good(slug()).unwrap().is_none());
    assert_eq!(wrongs.good(Ok(7)).unwrap(), Some(7));
    wrongs.good(Err::<(), _>(Error::invalid("zone", Wrong::Zone("Asia/Jakarta")))).unwrap();
    let Err(Error::SeveralInvalid(told)) = wrongs.none() else { panic!("nothing was told") };
    assert_eq!(told.iter().map(|wrong| wrong.field).collect::<Vec<_>>(), ["name", "zone"]);
    let mut one = Wrongs::default();
    one.good(slug()).unwrap();
    assert!(matches!(one.none(), Err(Error::Invalid { field: "name", .. })));
    assert!(Wrongs::default().none().is_ok());
}

#[test]
fn no_code_of_the_sources_lacks_a_sample() {
    let samples: BTreeSet<String> =
        refusals().iter().map(|refusal| refusal.code().to_owned()).collect();
    let mut written = BTreeSet::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut written);
    assert!(written.len() > 60, "only {} codes were found", written.len());
    assert_eq!(written.difference(&samples).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Gathers the codes that the sources of a folder give to refusals.
fn visit(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, codes);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for refusal in text.split("impl Refusal for ").skip(1) {
            let named = refusal.split("fn indonesian").next().unwrap();
            assert!(named.len() < refusal.len(), "{}: code comes before text", path.display());
            codes.extend(named.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
}
