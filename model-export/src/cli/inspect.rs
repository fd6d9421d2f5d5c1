//! `selvedge inspect`.

use std::path::PathBuf;

use base16ct::lower::encode_string as hex;
use selvedge::event::ItemIndex;
use selvedge::policy::{self, SlotPolicy};
use selvedge::snapshot::{SectionKind, Snapshot, Trust, VerifyingKey, parse_public_key};
use serde::Serialize;
use serde_json::Value;

use crate::context::Invocation;
use crate::pack::{PackError, read_key, read_snapshot};
use crate::report::Report;
use crate::report::{Table, count};
use selvedge_lake::explain::Error;

/// Arguments of `selvedge inspect`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The snapshot; without it the one that the configuration packs
    pub snapshot: Option<PathBuf>,
    /// Trusted public key, 64 hexadecimal digits; may be repeated; without it the one of the configuration's signing key
    #[arg(long, value_name = "HEX")]
    pub public_key: Vec<String>,
    /// Look into the file without checking signature and digests
    #[arg(long, conflicts_with = "public_key")]
    pub no_verify: bool,
    /// Items to show
    #[arg(long, default_value_t = 5)]
    pub items: u32,
}

#[derive(Debug, Serialize)]
struct Inspection {
    path: PathBuf,
    version: String,
    verified: bool,
    signed_by: Option<String>,
    bytes: usize,
    created_ms: u64,
    trained_until_ms: u64,
    shop: String,
    channel: String,
    items: usize,
    dims: usize,
    segments: usize,
    segment_members: Vec<u32>,
    contexts: usize,
    categories: usize,
    slate_length: usize,
    sections: Vec<Section>,
    slots: Vec<Slot>,
    provenance: Vec<(String, String)>,
    most_popular: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Section {
    kind: u32,
    name: &'static str,
    shape: String,
    meaning: &'static str,
    offset: usize,
    bytes: usize,
    sha256: String,
}

/// The fields of a slot, by the table of the format.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Slot(serde_json::Map<String, Value>);

#[derive(Debug, Serialize)]
struct Shown {
    id: String,
    title: String,
    categories: Vec<String>,
    popularity: f32,
}

/// Verifies a snapshot and shows what is in it.
///
/// # Errors
/// The file cannot be read, a key is none, or the snapshot is refused.
pub fn run(args: Args, context: &Invocation) -> Result<(), Error> {
    let path = match &args.snapshot {
        Some(path) => path.clone(),
        None => crate::pack::output_path(&context.config()?),
    };
    let keys = trusted(&args, context)?;
    let bytes = read_snapshot(&path)?;
    let trust = if args.no_verify {
        Trust::Unverified
    } else {
        Trust::Keys(&keys)
    };
    let snapshot = Snapshot::open(bytes, trust).map_err(|source| PackError::Refused {
        path: path.clone(),
        source,
    })?;
    context.print(&inspect(path, &snapshot, !args.no_verify, args.items))
}

fn trusted(args: &Args, context: &Invocation) -> Result<Vec<VerifyingKey>, Error> {
    if args.no_verify {
        return Ok(Vec::new());
    }
    if args.public_key.is_empty() {
        let key = read_key(&context.config()?.pack.signing_key)?;
        return Ok(vec![key.verifying_key()]);
    }
    let mut keys = Vec::with_capacity(args.public_key.len());
    for text in &args.public_key {
        let key = parse_public_key(text).ok_or_else(|| PackError::BadPublicKey { found: text.clone() })?;
        keys.push(key);
    }
    Ok(keys)
}

fn inspect<B: AsRef<[u8]>>(path: PathBuf, snapshot: &Snapshot<B>, verified: bool, items: u32) -> Inspection {
    Inspection {
        path,
        version: snapshot.version(),
        verified,
        signed_by: snapshot.signing_key_id().map(|id| hex(&id)),
        bytes: snapshot.as_bytes().len(),
        created_ms: snapshot.created_ms(),
        trained_until_ms: snapshot.trained_until_ms(),
        shop: snapshot.release().shop.to_owned(),
        channel: snapshot.release().channel.to_owned(),
        items: snapshot.rows(),
        dims: snapshot.dims(),
        segments: snapshot.leaf_segments(),
        segment_members: (0..snapshot.leaf_segments())
            .map(|segment| snapshot.segment_members(segment))
            .collect(),
        contexts: snapshot.contexts(),
        categories: snapshot.category_count(),
        slate_length: snapshot.slate_len(),
        sections: snapshot
            .directory()
            .map(|(code, range, sha256, _)| (code, SectionKind::from_code(code), range, sha256))
            .map(|(code, kind, range, sha256)| Section {
                kind: code,
                name: kind.map_or("unknown", SectionKind::label),
                shape: kind.map_or_else(String::new, |kind| kind.shape().to_string()),
                meaning: kind.map_or("", SectionKind::meaning),
                offset: range.start,
                bytes: range.len(),
                sha256: hex(sha256),
            })
            .collect(),
        slots: snapshot.policy().slots.iter().map(slot).collect(),
        provenance: snapshot
            .provenance()
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        most_popular: (0..snapshot.rows())
            .map_while(|place| snapshot.by_popularity(place))
            .take(items as usize)
            .map(|item| shown(snapshot, item))
            .collect(),
    }
}

fn slot(slot: &SlotPolicy) -> Slot {
    let fields = slot.shown().into_iter();
    Slot(fields.map(|(name, value)| (name.to_owned(), json_of(value))).collect())
}

fn json_of(value: policy::Shown) -> Value {
    match value {
        policy::Shown::Number(number) => number.into(),
        policy::Shown::Flag(flag) => flag.into(),
        policy::Shown::Text(text) => text.into(),
        policy::Shown::List(words) => words.into(),
    }
}

/// A field as people read it.
fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(words) => words.iter().map(cell).collect::<Vec<String>>().join(" "),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    }
}

fn shown<B: AsRef<[u8]>>(snapshot: &Snapshot<B>, item: ItemIndex) -> Shown {
    let text = snapshot.text(item);
    let path = snapshot.category_path(item);
    Shown {
        id: text.id.to_owned(),
        title: text.title.to_owned(),
        categories: path
            .into_iter()
            .map(|category| snapshot.category_name(category).to_owned())
            .collect(),
        popularity: snapshot.popularity(item),
    }
}

impl Inspection {
    fn release(&self) -> String {
        match (self.shop.as_str(), self.channel.as_str()) {
            ("", "") => "of no shop or channel".to_owned(),
            (shop, "") => format!("shop {shop}, no channel"),
            ("", channel) => format!("no shop, channel {channel}"),
            (shop, channel) => format!("shop {shop}, channel {channel}"),
        }
    }
}

impl Report for Inspection {
    const STAGE: &'static str = "inspect";

    fn render(&self) -> String {
        let state = match (&self.signed_by, self.verified) {
            (Some(key), true) => format!("verified, signed by key {key}"),
            (Some(key), false) => format!("NOT verified, says it is signed by key {key}"),
            (None, _) => "NOT verified, unsigned".to_owned(),
        };
        let mut text = format!(
            "{}\nversion     {}\nrelease     {}\nstate       {state}\nsize        {} bytes\nitems       {} of {} factors in {} categories\nsegments    {} ({} members)\ncontexts    {}\n\n",
            self.path.display(),
            self.version,
            self.release(),
            count(self.bytes as u64),
            count(self.items as u64),
            self.dims,
            self.categories,
            self.segments,
            count(self.segment_members.iter().map(|members| u64::from(*members)).sum()),
            self.contexts,
        );
        let mut sections = Table::new(&["section", "kind", "shape", "offset", "bytes", "sha-256"]);
        for section in &self.sections {
            sections.row([
                section.name.to_owned(),
                section.kind.to_string(),
                section.shape.clone(),
                section.offset.to_string(),
                count(section.bytes as u64),
                section.sha256.chars().take(16).collect(),
            ]);
        }
        text.push_str(&sections.render());
        let value = |Slot(slot): &Slot, field: &str| slot.get(field).map_or_else(String::new, cell);
        let names: Vec<String> = self.slots.iter().map(|slot| value(slot, "name")).collect();
        let header: Vec<&str> = std::iter::once("slot")
            .chain(names.iter().map(String::as_str))
            .collect();
        let mut slots = Table::new(&header);
        for field in SlotPolicy::fields().iter().filter(|field| field.name != "name") {
            let values = self.slots.iter().map(|slot| value(slot, field.name));
            slots.row(std::iter::once(field.name.to_owned()).chain(values));
        }
        text.push('\n');
        text.push_str(&slots.render());
        let mut items = Table::new(&["item", "title", "categories", "popularity"]);
        for item in &self.most_popular {
            items.row([
                item.id.clone(),
                item.title.clone(),
                item.categories.join(" / "),
                format!("{:.3}", item.popularity),
            ]);
        }
        text.push('\n');
        text.push_str(&items.render());
        if !self.provenance.is_empty() {
            let mut provenance = Table::new(&["provenance", ""]);
            for (key, value) in &self.provenance {
                provenance.row([key.clone(), value.clone()]);
            }
            text.push('\n');
            text.push_str(&provenance.render());
        }
        text
    }
}
