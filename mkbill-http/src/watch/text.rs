//! The text format of Prometheus.

use std::fmt::{Display, Write as _};

/// Lines of one name have to stand together, after one line that tells their kind.
#[derive(Debug, Default)]
pub(crate) struct Text {
    written: String,
    /// The name of the last line that tells a kind.
    name: String,
}

impl Text {
    /// What is written is of this kind from here on.
    pub(super) fn kind(&mut self, kind: &str, name: &str) {
        if self.name != name {
            name.clone_into(&mut self.name);
            self.append(format_args!("# TYPE {name} {kind}\n"));
        }
    }

    /// One line of a value, with its kind before it if that is new.
    pub(crate) fn line(
        &mut self,
        kind: &str,
        name: &str,
        labels: &[(&str, &str)],
        value: impl Display,
    ) {
        self.kind(kind, name);
        self.sample(name, labels, value);
    }

    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.written.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            self.append(format_args!("{before}{label}=\"{}\"", escaped(text)));
        }
        if !labels.is_empty() {
            self.written.push('}');
        }
        self.append(format_args!(" {value}\n"));
    }

    pub(crate) fn finished(self) -> String {
        self.written
    }

    fn append(&mut self, text: std::fmt::Arguments<'_>) {
        self.written.write_fmt(text).expect("a text in memory takes every line");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_together_and_labels_are_escaped() {
        let mut text = Text::default();
        text.line("gauge", "a", &[("b", "c\"\\\n")], 1);
        text.line("gauge", "a", &[("b", "d"), ("e", "f")], 2.5);
        text.line("counter", "g", &[], 3);
        let wanted = "# TYPE a gauge\na{b=\"c\\\"\\\\\\n\"} 1\na{b=\"d\",e=\"f\"} 2.5\n\
                      # TYPE g counter\ng 3\n";
        assert_eq!(text.finished(), wanted);
    }
}
