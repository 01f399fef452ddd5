//! Days in the words of people.

use jiff::civil::Date;
use mkbill_core::kernel::language::Language;

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const INDONESIAN: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];

/// A day, such as `2 Maret 2026`.
pub(crate) fn day(date: Date, language: Language) -> String {
    let months = match language {
        Language::English => ENGLISH,
        Language::Indonesian => INDONESIAN,
    };
    let month = months[usize::from(date.month().unsigned_abs()) - 1];
    format!("{} {month} {}", date.day(), date.year())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_are_written_as_people_write_them() {
        assert_eq!(day(date(2026, 3, 2), Language::Indonesian), "2 Maret 2026");
        assert_eq!(day(date(2026, 12, 31), Language::English), "31 December 2026");
    }
}
