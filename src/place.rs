//! What a request tells without a profile: local time, language and device class.

/// Part of the week in the visitor's own clock: weekday or weekend × night, morning, afternoon, evening.
///
/// ```
/// use selvedge::place::Daypart;
///
/// // 2017-12-04, a Monday, at 09:30 local time.
/// let daypart = Daypart::of_local_ms(1_512_379_800_000);
/// assert_eq!((daypart.name(), daypart.index()), ("weekday-morning", 1));
/// assert_eq!(Daypart::from_index(1), Some(daypart));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Daypart(u8);

/// Number of dayparts.
pub const DAYPARTS: usize = 8;

const NAMES: [&str; DAYPARTS] = [
    "weekday-night",
    "weekday-morning",
    "weekday-afternoon",
    "weekday-evening",
    "weekend-night",
    "weekend-morning",
    "weekend-afternoon",
    "weekend-evening",
];

const MS_PER_DAY: u64 = 86_400_000;
const MS_PER_QUARTER: u64 = MS_PER_DAY / 4;

impl Daypart {
    /// Returns the daypart of a local time: Unix milliseconds plus the offset of the time zone. The parts of a day
    /// start at 0, 6, 12 and 18 o'clock; the weekend is Saturday and Sunday.
    #[must_use]
    pub fn of_local_ms(local_ms: u64) -> Self {
        // 1970-01-01 was a Thursday, which is day 3 of a week that starts on Monday.
        let day_of_week = (local_ms / MS_PER_DAY + 3) % 7;
        let quarter = local_ms % MS_PER_DAY / MS_PER_QUARTER;
        let weekend = if day_of_week >= 5 { 4 } else { 0 };
        Self(u8::try_from(weekend + quarter).unwrap_or(0))
    }

    /// Returns the daypart with this number, 0 to 7; `None` for any other number.
    #[must_use]
    pub fn from_index(index: usize) -> Option<Self> {
        u8::try_from(index)
            .ok()
            .filter(|index| usize::from(*index) < DAYPARTS)
            .map(Self)
    }

    /// Returns its number, 0 to 7.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Returns its name, for example `weekday-morning`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self.index()]
    }
}

/// The device class, as a cache key distinguishes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// A large screen; also used if the class is unknown.
    #[default]
    Desktop,
    /// A phone.
    Mobile,
    /// A tablet.
    Tablet,
}

impl Device {
    /// Detects the class from what a browser sends: the client hint `Sec-CH-UA-Mobile` if present, else words of the
    /// user agent.
    #[must_use]
    pub fn detect(mobile_hint: Option<&str>, user_agent: &str) -> Self {
        let says = |word: &str| user_agent.contains(word);
        if says("iPad") || says("Tablet") || (says("Android") && !says("Mobile")) {
            return Self::Tablet;
        }
        match mobile_hint {
            Some("?1") => Self::Mobile,
            Some(_) => Self::Desktop,
            None if says("Mobi") => Self::Mobile,
            None => Self::Desktop,
        }
    }

    /// Returns its letter in a cache key.
    #[must_use]
    pub const fn code(self) -> char {
        match self {
            Self::Desktop => 'd',
            Self::Mobile => 'm',
            Self::Tablet => 't',
        }
    }

    /// Returns the class with this letter.
    #[must_use]
    pub const fn from_code(code: char) -> Option<Self> {
        match code {
            'd' => Some(Self::Desktop),
            'm' => Some(Self::Mobile),
            't' => Some(Self::Tablet),
            _ => None,
        }
    }
}

/// The primary language of a visitor, for example `de`: two or three lower-case letters, or none.
///
/// Anything that is not a language code is read as none. Otherwise a client could fill the cache with keys that it made
/// up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Locale([u8; 3]);

impl Locale {
    /// Returns the first language of an `Accept-Language` header, without region and script.
    #[must_use]
    pub fn first_of(accept_language: &str) -> Self {
        let first = accept_language.split([',', ';']).next().unwrap_or("").trim();
        let primary = first.split(['-', '_']).next().unwrap_or("").as_bytes();
        let mut letters = [0; 3];
        if (2..=3).contains(&primary.len()) && primary.iter().all(u8::is_ascii_alphabetic) {
            letters[..primary.len()].copy_from_slice(primary);
            letters.make_ascii_lowercase();
        }
        Self(letters)
    }

    /// Returns its letters in a cache key, or `-` for none.
    #[must_use]
    pub fn code(&self) -> &str {
        let end = self.0.iter().position(|letter| *letter == 0).unwrap_or(self.0.len());
        match core::str::from_utf8(&self.0[..end]) {
            Ok("") | Err(_) => "-",
            Ok(letters) => letters,
        }
    }
}

/// A value that is computed only when something depends on it: finding a time zone or reading a header may cost more
/// than the answer itself.
#[derive(Clone, Copy)]
pub struct Lazy<'a, T>(Source<'a, T>);

#[derive(Clone, Copy)]
enum Source<'a, T> {
    Known(T),
    Computed(&'a dyn Fn() -> T),
}

impl<'a, T: Copy> Lazy<'a, T> {
    /// Wraps a function that computes the value on demand. [`Lazy::get`] calls it each time.
    #[must_use]
    pub fn new(compute: &'a dyn Fn() -> T) -> Self {
        Self(Source::Computed(compute))
    }

    /// Returns the value, computing it if it is not known yet.
    #[must_use]
    pub fn get(self) -> T {
        match self.0 {
            Source::Known(value) => value,
            Source::Computed(compute) => compute(),
        }
    }
}

impl<T> From<T> for Lazy<'_, T> {
    fn from(value: T) -> Self {
        Self(Source::Known(value))
    }
}

impl<T: Default> Default for Lazy<'_, T> {
    fn default() -> Self {
        Self::from(T::default())
    }
}

impl<T: core::fmt::Debug> core::fmt::Debug for Lazy<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match &self.0 {
            Source::Known(value) => value.fmt(f),
            Source::Computed(_) => f.write_str("not computed yet"),
        }
    }
}

/// What a request says without a profile.
///
/// ```
/// use selvedge::place::{Device, Locale, Place};
///
/// let place = Place {
///     local_ms: 1_512_379_800_000.into(),
///     locale: Locale::first_of("de-AT, en;q=0.8").into(),
///     device: Device::Mobile.into(),
/// };
/// assert_eq!(place.locale.get().code(), "de");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// Local time of the visitor: Unix milliseconds plus the offset of the time zone.
    pub local_ms: Lazy<'a, u64>,
    /// First language of `Accept-Language`.
    pub locale: Lazy<'a, Locale>,
    /// Device class.
    pub device: Lazy<'a, Device>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dayparts_follow_the_clock_and_the_weekend() {
        // 2017-12-04 was a Monday, 2017-12-09 a Saturday.
        let monday = 1_512_345_600_000;
        assert_eq!(Daypart::of_local_ms(monday).name(), "weekday-night");
        assert_eq!(Daypart::of_local_ms(monday + 6 * 3_600_000).name(), "weekday-morning");
        assert_eq!(
            Daypart::of_local_ms(monday + 18 * 3_600_000 - 1).name(),
            "weekday-afternoon"
        );
        assert_eq!(
            Daypart::of_local_ms(monday + 5 * 86_400_000 + 20 * 3_600_000).name(),
            "weekend-evening"
        );
    }

    #[test]
    fn a_locale_is_a_primary_language_or_nothing() {
        let codes = |headers: &[&str]| -> alloc::vec::Vec<alloc::string::String> {
            headers
                .iter()
                .map(|header| Locale::first_of(header).code().into())
                .collect()
        };
        assert_eq!(
            codes(&["de-AT,en;q=0.8", "EN", " fil;q=1", "zh_Hant"]),
            ["de", "en", "fil", "zh"]
        );
        for made_up in ["", "x", "../../etc", "zz9", "abcdefgh", "d/", "*", "\u{e4}\u{f6}"] {
            assert_eq!(Locale::first_of(made_up), Locale::default(), "{made_up}");
        }
        assert_eq!(Locale::default().code(), "-");
    }

    #[test]
    fn a_tablet_is_not_taken_for_a_phone() {
        assert_eq!(
            Device::detect(None, "Mozilla/5.0 (Linux; Android 14; Pixel Tablet)"),
            Device::Tablet
        );
        assert_eq!(
            Device::detect(Some("?1"), "Mozilla/5.0 (Linux; Android 14) Mobile"),
            Device::Mobile
        );
        assert_eq!(Device::detect(Some("?0"), "Mozilla/5.0 (X11; Linux)"), Device::Desktop);
        assert_eq!(
            Device::detect(None, "Mozilla/5.0 (iPhone) Mobile/15E148"),
            Device::Mobile
        );
    }
}
