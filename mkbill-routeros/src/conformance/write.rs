//! Checks that add, change and remove objects of ours.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{
    TEST_PREFIX,
    format::Format,
    look::in_any_order,
    menus::{Mark, Menu, Sample, marked, samples},
    seen::{Check, Seen, Sight, readable, rendered},
    subject::{End, Heard, Subject},
};
use crate::{client::ClientConfig, error::Error, proto::Sentence};

const USERS: &str = "/ip/hotspot/user";
/// How many users are added to learn how long it takes.
const TIMED_ADDS: u32 = 20;
/// How long an event of a listen may take.
const EVENT_MAX: Duration = Duration::from_secs(2);
/// The longest comment that is known to survive; its word is 256 bytes long.
const LONG_COMMENT: usize = 247;
/// An id that no object has.
const NO_ID: &str = "*FFFFF0";

/// Runs every check. What it added may still be there afterwards: see [`remove_all`].
pub(super) async fn everything(subject: &mut Subject<'_>) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    for (menu, sample) in samples() {
        Trial { menu, sample, target: Vec::new(), subject, seen: &mut seen }.run().await?;
    }
    hear_changes(subject, &mut seen).await?;
    time_adds(subject, &mut seen).await?;
    Ok(seen)
}

/// The test objects that are there, as text, by menu.
pub(super) async fn leftovers(router: &ClientConfig) -> Result<Vec<String>, Error> {
    let mut subject = Subject::open(router).await?;
    let mut found = Vec::new();
    for (menu, sample) in samples() {
        let ids = ids_of_ours(menu, sample.mark, &mut subject).await?;
        if !ids.is_empty() {
            found.push(format!("{} in {}", ids.len(), menu.path));
        }
    }
    Ok(found)
}

/// Removes the test objects from every menu; one that fails does not keep the others.
pub(super) async fn remove_all(router: &ClientConfig) -> Result<(), Error> {
    let mut subject = Subject::open(router).await?;
    let mut removed = Ok(());
    for (menu, sample) in samples().rev() {
        removed = removed.and(remove_ours(menu, sample.mark, &mut subject).await);
    }
    removed
}

async fn remove_ours(menu: &Menu, mark: Mark, subject: &mut Subject<'_>) -> Result<(), Error> {
    for id in ids_of_ours(menu, mark, subject).await? {
        let remove = Sentence::command(&format!("{}/remove", menu.path)).with(".id", id);
        answered(subject.ask(remove).await?, menu)?;
    }
    Ok(())
}

/// Every mark that a run gives. They are asked for one by one: how a router orders texts is not
/// known, and a print of everything may be long.
fn every_mark() -> Vec<String> {
    let timed = (0..TIMED_ADDS).map(|number| marked(&number.to_string()));
    ["a", "b", "heard"].into_iter().map(marked).chain(timed).collect()
}

async fn ids_of_ours(
    menu: &Menu,
    mark: Mark,
    subject: &mut Subject<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    let field = mark.field();
    let names = every_mark();
    let print = Sentence::command(&format!("{}/print", menu.path))
        .with(".proplist", format!(".id,{field}"));
    let print = names.iter().fold(print, |print, name| print.with_word(format!("?{field}={name}")));
    let print = print.with_word(format!("?#{}", "|".repeat(names.len() - 1)));
    let heard = answered(subject.ask(print).await?, menu)?;
    let is_ours = |row: &&Sentence| {
        row.attribute(field).is_some_and(|mark| mark.starts_with(TEST_PREFIX.as_bytes()))
    };
    let ours = heard.rows().filter(is_ours);
    Ok(ours.filter_map(|row| row.attribute(".id")).map(<[u8]>::to_vec).collect())
}

/// A menu may be missing, but an answer may not.
fn answered(heard: Heard, menu: &Menu) -> Result<Heard, Error> {
    use crate::error::Unanswered::{Lost, TimedOut};
    let source = match heard.end {
        End::Done => return Ok(heard),
        End::Silence => TimedOut,
        End::Gone => Lost,
    };
    Err(Error::Unanswered { command: menu.path.to_owned(), source })
}

impl Sample {
    /// The command that adds the object.
    fn add(&self, menu: &Menu, what: &str) -> Sentence {
        let command = Sentence::command(&format!("{}/add", menu.path));
        let command = command.with(self.mark.field(), marked(what));
        self.values.iter().fold(command, |command, (name, value)| command.with(name, value))
    }
}

/// The checks of one menu.
struct Trial<'t, 's> {
    menu: &'static Menu,
    sample: &'static Sample,
    /// The id of our object.
    target: Vec<u8>,
    subject: &'t mut Subject<'s>,
    seen: &'t mut Seen,
}

impl Trial<'_, '_> {
    async fn run(&mut self) -> Result<(), Error> {
        if !self.is_added().await? {
            return Ok(());
        }
        if self.sample.mark == Mark::Name {
            self.note("an add of the same name", self.sample.add(self.menu, "a")).await?;
        }
        self.own_row("what was added").await?;
        let counting = self.print().with("count-only", "");
        self.note("a count", counting).await?;
        let listed = self.print().with(".proplist", self.sample.mark.field());
        self.note("a list of one field", listed).await?;
        self.refusals().await?;
        self.changes().await?;
        self.comments().await?;
        self.removals().await
    }

    async fn is_added(&mut self) -> Result<bool, Error> {
        let heard = self.subject.ask(self.sample.add(self.menu, "a")).await?;
        self.seen.note_answer(self.menu.path, "an add", &heard);
        let id = heard.sentences.iter().find_map(|sentence| sentence.attribute("ret"));
        self.target = id.unwrap_or_default().to_vec();
        Ok(!heard.is_refused())
    }

    async fn refusals(&mut self) -> Result<(), Error> {
        let unknown = self.sample.add(self.menu, "b").with("mkbill-nothing", "1");
        self.note("an add with an unknown parameter", unknown).await?;
        for (field, value) in self.sample.wrong {
            let wrong = self.set().with(field, value);
            self.note(&format!("{field}={value}"), wrong).await?;
        }
        let missing = self.command("set").with(".id", NO_ID).with(self.sample.change.0, "1");
        self.note("a change of a missing object", missing).await
    }

    async fn changes(&mut self) -> Result<(), Error> {
        let (field, value) = self.sample.change;
        let change = self.set().with(field, value);
        self.note("a change", change).await?;
        if self.sample.mark == Mark::Name {
            let by_name = self.command("set").with(".id", marked("a")).with(field, value);
            self.note("a change by name", by_name).await?;
        }
        self.own_row("what was changed").await
    }

    async fn comments(&mut self) -> Result<(), Error> {
        let has_comment = self.sample.values.iter().any(|(name, _)| *name == "comment");
        if !has_comment {
            return Ok(());
        }
        let long = "x".repeat(LONG_COMMENT);
        for (name, comment) in [
            ("a comment of 247 bytes", long.as_bytes()),
            ("a comment in UTF-8", "Café №".as_bytes()),
            ("a comment in CP1252", b"Caf\xE9 \x80".as_slice()),
            ("a comment with a line end and quotes", b"a\nb\"c'=d"),
            ("a cleared comment", b""),
        ] {
            let change = self.set().with("comment", comment);
            let heard = self.subject.ask(change).await?;
            let shown = self.subject.ask(self.print().with(".proplist", "comment")).await?;
            let sight = format!("{}, {}", rendered(&heard), rendered(&shown));
            self.seen.note(Check::new(self.menu.path, name), Sight::Answer(sight));
        }
        Ok(())
    }

    async fn removals(&mut self) -> Result<(), Error> {
        let ids = ids_of_ours(self.menu, self.sample.mark, self.subject).await?;
        let all = ids.join(&b","[..]);
        let remove = self.command("remove").with(".id", &all);
        self.note("a removal", remove.clone()).await?;
        self.note("the same removal again", remove).await
    }

    async fn note(&mut self, name: &str, command: Sentence) -> Result<(), Error> {
        let heard = self.subject.ask(command).await?;
        self.seen.note_answer(self.menu.path, name, &heard);
        Ok(())
    }

    /// Every field of our row. Values that we did not write are shown by their format.
    async fn own_row(&mut self, name: &str) -> Result<(), Error> {
        let heard = self.subject.ask(self.print()).await?;
        let mut fields = BTreeMap::new();
        for row in heard.rows() {
            for (field, value) in row.attributes() {
                fields.insert(readable(field), self.shown(field, value));
            }
        }
        self.seen.note(Check::new(self.menu.path, name), Sight::Own(fields));
        Ok(())
    }

    fn shown(&self, field: &[u8], value: &[u8]) -> String {
        let is_written = self.sample.values.iter().any(|(name, _)| name.as_bytes() == field);
        match Format::of(value) {
            Format::Text | Format::Number | Format::TrueFalse | Format::YesNo if !is_written => {
                Format::of(value).to_string()
            }
            Format::Id => Format::Id.to_string(),
            Format::MonthDate => Format::MonthDate.to_string(),
            Format::IsoDate => Format::IsoDate.to_string(),
            _ => readable(value),
        }
    }

    fn command(&self, verb: &str) -> Sentence {
        Sentence::command(&format!("{}/{verb}", self.menu.path))
    }

    fn print(&self) -> Sentence {
        self.command("print").with_word(format!("?{}={}", self.sample.mark.field(), marked("a")))
    }

    fn set(&self) -> Sentence {
        self.command("set").with(".id", &self.target)
    }
}

/// Listens to the users while one comes, changes and goes.
async fn hear_changes(subject: &mut Subject<'_>, seen: &mut Seen) -> Result<(), Error> {
    let name = marked("heard");
    let listen =
        Sentence::command(&format!("{USERS}/listen")).with(".proplist", ".id,name,comment,.dead");
    let listening = subject.begin(listen).await?;
    let mut id: Option<Vec<u8>> = None;
    let commands = [
        ("added", "add", "name", ""),
        ("changed", "set", ".id", "changed"),
        ("removed", "remove", ".id", ""),
    ];
    for (what, verb, target, comment) in commands {
        let command = Sentence::command(&format!("{USERS}/{verb}")).with(target, &name);
        let comment = (!comment.is_empty()).then_some(comment);
        let command =
            comment.into_iter().fold(command, |command, text| command.with("comment", text));
        subject.begin(command).await?;
        let is_ours = |row: &Sentence| match row.attribute("name") {
            Some(held) => held == name.as_bytes(),
            // A removal names nobody.
            None => id.is_some() && row.attribute(".id") == id.as_deref(),
        };
        let event = subject.next_row(&listening, EVENT_MAX, is_ours).await;
        id = event.as_ref().and_then(|row| row.attribute(".id")).map(<[u8]>::to_vec).or(id);
        let sight = event.map_or_else(|| "no event".to_owned(), rendered_event);
        let check = Check::new(USERS, format!("the event of a user {what}"));
        seen.note(check, Sight::Answer(sight));
    }
    let cancel = subject.begin(Sentence::command("/cancel").with("tag", &listening)).await?;
    let heard = subject.finish(&[listening, cancel]).await;
    let ends = Heard { sentences: ends(heard.sentences), ..heard };
    seen.note(Check::new(USERS, "a listen that heard and is cancelled"), in_any_order(&ends));
    Ok(())
}

fn ends(sentences: Vec<Sentence>) -> Vec<Sentence> {
    sentences.into_iter().filter(|sentence| sentence.first() != Some(b"!re")).collect()
}

fn rendered_event(row: Sentence) -> String {
    rendered(&Heard { sentences: vec![row], end: End::Done, is_cut: false })
}

async fn time_adds(subject: &mut Subject<'_>, seen: &mut Seen) -> Result<(), Error> {
    let started = Instant::now();
    for number in 0..TIMED_ADDS {
        let add = Sentence::command(&format!("{USERS}/add"))
            .with("name", marked(&number.to_string()))
            .with("disabled", "yes");
        subject.ask(add).await?;
    }
    seen.per_add = Some(started.elapsed() / TIMED_ADDS);
    Ok(())
}
