//! What is known of a request without knowing the visitor: time of day, locale, class of device.

/// A coarse part of the week: weekday or weekend × four parts of the day, in the visitor's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Daypart(u8);

/// How many dayparts there are.
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
    /// The daypart of a local time: Unix milliseconds as if the local clock were UTC. Quarters start at 0, 6, 12 and 18
    /// o'clock; the weekend is Saturday and Sunday.
    #[must_use]
    pub fn of_local_ms(local_ms: u64) -> Self {
        // Day 0 of the Unix epoch was a Thursday; counted from Monday it has number 3.
        let day_of_week = (local_ms / MS_PER_DAY + 3) % 7;
        let quarter = local_ms % MS_PER_DAY / MS_PER_QUARTER;
        let weekend = if day_of_week >= 5 { 4 } else { 0 };
        Self(u8::try_from(weekend + quarter).unwrap_or(0))
    }

    /// The daypart with this number, 0 to 7.
    #[must_use]
    pub fn from_index(index: usize) -> Option<Self> {
        u8::try_from(index)
            .ok()
            .filter(|index| usize::from(*index) < DAYPARTS)
            .map(Self)
    }

    /// Its number, 0 to 7.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its name, as `weekday-morning`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self.index()]
    }
}

/// The class of device, as far as a cache key may tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// A large screen, and whatever is not known.
    #[default]
    Desktop,
    /// A phone.
    Mobile,
    /// A tablet.
    Tablet,
}

impl Device {
    /// The class a browser tells of itself: the client hint `Sec-CH-UA-Mobile` where it is sent, else words of the user
    /// agent.
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

    /// Its letter in a cache key.
    #[must_use]
    pub const fn code(self) -> char {
        match self {
            Self::Desktop => 'd',
            Self::Mobile => 'm',
            Self::Tablet => 't',
        }
    }

    /// The class with this letter.
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

/// The primary language of a visitor, as `de`: two or three letters in lower case, or nothing.
///
/// Whatever is no language is nothing: a client must not be able to fill the cache with keys of its own making.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Locale([u8; 3]);

impl Locale {
    /// The first language of an `Accept-Language` header. Regions and scripts are left out.
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

    /// Its letters in a cache key; `-` where there is none.
    #[must_use]
    pub fn code(&self) -> &str {
        let end = self.0.iter().position(|letter| *letter == 0).unwrap_or(self.0.len());
        match core::str::from_utf8(&self.0[..end]) {
            Ok("") | Err(_) => "-",
            Ok(letters) => letters,
        }
    }
}

/// What a request tells. It is asked for only where something depends on it: to find out a time zone, or to read a header, may
/// cost more than the answer.
#[derive(Clone, Copy)]
pub struct Told<'a, T>(Source<'a, T>);

#[derive(Clone, Copy)]
enum Source<'a, T> {
    Known(T),
    Asked(&'a dyn Fn() -> T),
}

impl<'a, T: Copy> Told<'a, T> {
    /// Asked for when something depends on it.
    #[must_use]
    pub fn asked(ask: &'a dyn Fn() -> T) -> Self {
        Self(Source::Asked(ask))
    }

    /// The value.
    #[must_use]
    pub fn get(self) -> T {
        match self.0 {
            Source::Known(value) => value,
            Source::Asked(ask) => ask(),
        }
    }
}

impl<T> From<T> for Told<'_, T> {
    fn from(value: T) -> Self {
        Self(Source::Known(value))
    }
}

impl<T: Default> Default for Told<'_, T> {
    fn default() -> Self {
        Self::from(T::default())
    }
}

impl<T: core::fmt::Debug> core::fmt::Debug for Told<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match &self.0 {
            Source::Known(value) => value.fmt(f),
            Source::Asked(_) => f.write_str("not asked yet"),
        }
    }
}

/// What a request tells without a profile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Local time of the visitor: Unix milliseconds plus the offset of the time zone.
    pub local_ms: Told<'a, u64>,
    /// The language asked for first.
    pub locale: Told<'a, Locale>,
    /// The class of device.
    pub device: Told<'a, Device>,
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
