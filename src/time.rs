//! Calendar dates. The core reads no clock: the current time is always an argument.

/// Converts a count of days since 1970-01-01 to year, month (1 to 12) and day (1 to 31) of the Gregorian calendar,
/// which is also applied to dates before its introduction.
///
/// Correct for every day that a time in milliseconds (`i64`) can name. Constant time.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
///
/// ```
/// use selvedge::time::civil_from_days;
///
/// assert_eq!(civil_from_days(1_512_345_600_000 / 86_400_000), (2017, 12, 4));
/// ```
#[must_use]
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // Counting years from March puts the leap day at the end of a year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_dates_are_right_at_leap_days_and_year_ends() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (-719_468, (0, 3, 1)),
            (11_016, (2000, 2, 29)),
            (17_531, (2017, 12, 31)),
            (17_532, (2018, 1, 1)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil_from_days(days), date);
        }
    }
}
