//! From a trained model to a signed snapshot: collects the parts, lets the core build the file, publishes it whole.

mod browse;
mod error;
mod items;
mod key;
mod policy;
mod publish;
mod segments;
mod snapshot;

pub use browse::write_catalogue_json;
pub use error::PackError;
pub use items::LeftOutItem;
pub use key::{KeyPair, generate, read_key};
pub use policy::NEVER_MS;
pub use publish::{Direction, Published, publish, publish_file};
pub use segments::{Coded, NO_SEGMENT, segment_inputs};
pub use snapshot::{Packed, output_path, pack, read_snapshot};
