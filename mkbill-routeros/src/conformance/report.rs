//! What is told of a comparison.

use std::{collections::BTreeSet, fmt, time::Duration};

use serde::Serialize;

use super::{
    Writes,
    format::Format,
    seen::{Check, Field, Rows, Seen, Sight},
};
use crate::value::Version;

/// How a router differs from the simulator. Shown as text; serialised it is one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The release of the router.
    pub router: String,
    /// The release that the simulator played.
    pub simulator: String,
    /// Whether test objects were added and removed.
    pub wrote: bool,
    /// How many checks were made on both sides.
    pub checks: usize,
    /// Where the two differ, by menu.
    pub differences: Vec<Difference>,
    /// How long it took to add a user, with writes only. It is no difference.
    pub add_times: Option<AddTimes>,
}

/// One difference between router and simulator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The menu.
    pub menu: String,
    /// What was checked.
    pub check: String,
    /// What the router does.
    pub router: String,
    /// What the simulator does.
    pub simulator: String,
}

/// The mean time of an add, one after the other, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AddTimes {
    /// Of the router, network included.
    pub router_us: u128,
    /// Of the simulator.
    pub simulator_us: u128,
}

impl Report {
    pub(super) fn of(
        router: Version,
        simulator: Version,
        writes: Writes,
        on_router: &Seen,
        on_simulator: &Seen,
    ) -> Self {
        let micros = |time: Duration| time.as_micros();
        let times = on_router.per_add.zip(on_simulator.per_add);
        let both = on_router.sights.keys().filter(|check| on_simulator.sights.contains_key(check));
        Self {
            router: router.to_string(),
            simulator: simulator.to_string(),
            wrote: writes == Writes::TestObjects,
            checks: both.count(),
            differences: differences(on_router, on_simulator),
            add_times: times.map(|(router, simulator)| AddTimes {
                router_us: micros(router),
                simulator_us: micros(simulator),
            }),
        }
    }

    /// Whether no difference was found.
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrote = if self.wrote { "with test objects" } else { "read only" };
        writeln!(
            formatter,
            "router {} against the simulator of {}, {wrote}: {} checks, {}",
            self.router,
            self.simulator,
            self.checks,
            counted(self.differences.len())
        )?;
        if let Some(times) = self.add_times {
            writeln!(
                formatter,
                "one add takes {} µs on the router, {} µs on the simulator",
                times.router_us, times.simulator_us
            )?;
        }
        for difference in &self.differences {
            writeln!(formatter, "\n{}: {}", difference.menu, difference.check)?;
            writeln!(formatter, "  router     {}", difference.router)?;
            writeln!(formatter, "  simulator  {}", difference.simulator)?;
        }
        Ok(())
    }
}

fn counted(differences: usize) -> String {
    match differences {
        0 => "no difference".to_owned(),
        1 => "1 difference".to_owned(),
        count => format!("{count} differences"),
    }
}

const ABSENT: &str = "(absent)";

fn differences(router: &Seen, simulator: &Seen) -> Vec<Difference> {
    let mut found = Vec::new();
    for (check, held) in &router.sights {
        if let Some(other) = simulator.sights.get(check) {
            compare(check, held, other, &mut found);
        }
    }
    found.extend(uncompared(router, simulator));
    found.sort_by(|one, other| (&one.menu, &one.check).cmp(&(&other.menu, &other.check)));
    found
}

/// Checks that were possible on one side only, one line a menu.
fn uncompared(router: &Seen, simulator: &Seen) -> Vec<Difference> {
    let lacking = |one: &Seen, other: &Seen| {
        let only = one.sights.keys().filter(|check| !other.sights.contains_key(check));
        only.map(|check| check.menu).collect::<Vec<_>>()
    };
    let (on_router, on_simulator) = (lacking(router, simulator), lacking(simulator, router));
    let menus: BTreeSet<&str> = on_router.iter().chain(&on_simulator).copied().collect();
    let told = |held: &[&str], menu: &str| match held.iter().filter(|held| **held == menu).count() {
        0 => ABSENT.to_owned(),
        count => format!("{count} checks"),
    };
    let line = |menu: &str| Difference {
        menu: menu.to_owned(),
        check: "checks that only one side could do".to_owned(),
        router: told(&on_router, menu),
        simulator: told(&on_simulator, menu),
    };
    menus.into_iter().map(line).collect()
}

fn compare(check: &Check, router: &Sight, simulator: &Sight, found: &mut Vec<Difference>) {
    let mut differs = |what: String, router: String, simulator: String| {
        found.push(Difference { menu: check.menu.to_owned(), check: what, router, simulator });
    };
    match (router, simulator) {
        (Sight::Rows(router), Sight::Rows(simulator)) => compare_rows(router, simulator, differs),
        (Sight::Own(router), Sight::Own(simulator)) => {
            let names: BTreeSet<&String> = router.keys().chain(simulator.keys()).collect();
            for name in names {
                let (one, other) = (router.get(name), simulator.get(name));
                if one != other {
                    let shown =
                        |value: Option<&String>| value.map_or(ABSENT.to_owned(), Clone::clone);
                    differs(format!("{}, field {name}", check.name), shown(one), shown(other));
                }
            }
        }
        (router, simulator) if router != simulator => {
            differs(check.name.clone(), told(router), told(simulator));
        }
        _ => {}
    }
}

/// The simulator may hold other objects than the router, so a field that only some rows have need
/// not be on both. A field that the simulator never shows is a difference, and so is one that it
/// shows in every row and the router in none.
fn compare_rows(router: &Rows, simulator: &Rows, mut differs: impl FnMut(String, String, String)) {
    for (name, field) in &router.fields {
        match simulator.fields.get(name) {
            None if simulator.count == 0 => {}
            None => differs(format!("field {name}"), formats(field), ABSENT.to_owned()),
            Some(other) if are_alike(field, other) => {}
            Some(other) => differs(format!("field {name}"), formats(field), formats(other)),
        }
    }
    if simulator.count == 0 && router.count > 0 {
        let fields: Vec<&str> = router.fields.keys().map(String::as_str).collect();
        differs("fields of its rows".to_owned(), fields.join(" "), "no rows to compare".to_owned());
    }
    if router.count > 0 {
        for name in simulator.constant().filter(|name| !router.fields.contains_key(*name)) {
            differs(format!("field {name}"), ABSENT.to_owned(), formats(&simulator.fields[name]));
        }
    }
}

/// Two fields are spelled alike when they share a format, or when one side shows nothing telling.
fn are_alike(one: &Field, other: &Field) -> bool {
    let telling = |field: &Field| -> BTreeSet<Format> {
        field.formats.iter().copied().filter(|format| format.is_telling()).collect()
    };
    let (one, other) = (telling(one), telling(other));
    one.is_empty() || other.is_empty() || !one.is_disjoint(&other)
}

fn formats(field: &Field) -> String {
    field.formats.iter().map(Format::to_string).collect::<Vec<_>>().join(" or ")
}

fn told(sight: &Sight) -> String {
    match sight {
        Sight::Answer(text) => text.clone(),
        Sight::Rows(_) | Sight::Own(_) => "rows".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        conformance::subject::{End, Heard},
        proto::Sentence,
    };

    fn rows(rows: &[&[(&str, &str)]]) -> Sight {
        let row = |fields: &&[(&str, &str)]| {
            let row = Sentence::command("!re");
            fields.iter().fold(row, |row, (name, value)| row.with(name, value))
        };
        let sentences = rows.iter().map(row).collect();
        Sight::Rows(Rows::of(&Heard { sentences, end: End::Done, is_cut: false }))
    }

    fn seen(sights: &[(&'static str, &str, Sight)]) -> Seen {
        let mut seen = Seen::default();
        for (menu, name, sight) in sights {
            seen.note(Check::new(menu, *name), sight.clone());
        }
        seen
    }

    fn told(router: &[&[(&str, &str)]], simulator: &[&[(&str, &str)]]) -> Vec<String> {
        let (router, simulator) = (rows(router), rows(simulator));
        let found =
            differences(&seen(&[("/x", "fields", router)]), &seen(&[("/x", "fields", simulator)]));
        let line = |difference: Difference| {
            format!("{}: {} / {}", difference.check, difference.router, difference.simulator)
        };
        found.into_iter().map(line).collect()
    }

    #[test]
    fn other_values_of_the_same_format_are_no_difference() {
        let simulator: &[&[(&str, &str)]] = &[&[("name", "v1"), ("uptime", "0s"), ("limit", "1")]];
        assert!(
            told(&[&[("name", "4711"), ("uptime", "3h2m")]], &[&[("name", "x"), ("uptime", "0s")]])
                .is_empty()
        );
        assert!(told(&[], simulator).is_empty());
        assert!(told(&[&[("limit", "unlimited")]], &[&[("limit", "1")]]).is_empty());
    }

    #[test]
    fn another_spelling_and_a_field_of_one_side_are_told_without_values() {
        let router: &[&[(&str, &str)]] =
            &[&[("uptime", "03:02:00"), ("flag", "yes"), ("new", "Sari")]];
        let simulator: &[&[(&str, &str)]] = &[&[("uptime", "0s"), ("flag", "true"), ("old", "1")]];
        assert_eq!(
            told(router, simulator),
            [
                "field flag: yes/no / true/false",
                "field new: text / (absent)",
                "field old: (absent) / number",
                "field uptime: time as 01:30:00 / duration as 1h30m",
            ]
        );
    }

    #[test]
    fn a_field_that_only_some_rows_have_need_not_be_on_both_sides() {
        let simulator: &[&[(&str, &str)]] = &[&[("name", "a"), ("comment", "x")], &[("name", "b")]];
        assert!(told(&[&[("name", "c")]], simulator).is_empty());
    }

    #[test]
    fn rows_that_the_simulator_never_has_are_told_by_their_fields() {
        assert_eq!(
            told(&[&[("name", "Sari"), ("mtu", "1500")]], &[]),
            ["fields of its rows: mtu name / no rows to compare"]
        );
    }

    #[test]
    fn a_menu_that_one_side_lacks_is_told_once_with_what_could_not_be_checked() {
        let answer = |text: &str| Sight::Answer(text.to_owned());
        let router = seen(&[
            ("/x", "an add", answer("!done =ret=*")),
            ("/x", "a count", answer("!done =ret=1")),
            ("/x", "a removal", answer("!done")),
        ]);
        let simulator = seen(&[("/x", "an add", answer("!trap =message=no such command prefix"))]);
        let found = differences(&router, &simulator);
        let told: Vec<(&str, &str)> =
            found.iter().map(|held| (held.router.as_str(), held.simulator.as_str())).collect();
        assert_eq!(
            told,
            [("!done =ret=*", "!trap =message=no such command prefix"), ("2 checks", "(absent)"),]
        );
    }
}
