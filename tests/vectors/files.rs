//! The golden files, compiled into the tests.

macro_rules! files {
    ($($name:literal)*) => {
        /// The golden files, oldest first: name, decisions as JSON, snapshot. A new version of the format adds one line.
        pub const FILES: &[(&str, &str, &[u8])] = &[
            $(($name, include_str!(concat!($name, ".json")), include_bytes!(concat!($name, ".selvedge"))),)*
        ];
    };
}

files! {
    "golden-v1"
    "golden-v1.1"
    "golden-v1.1-int4"
    "golden-v1.2-signs"
    "golden-v1.2-two-stages"
    "golden-v1.3-per-visitor"
    "golden-v1.4"
    "golden-v1.5"
}
