//! Where models are published: the R2 bucket `MODELS` first, the static assets where the bucket has none.

use wasm_bindgen::JsValue;
use web_sys::ReadableStream;

use crate::runtime::bindings::{Assets, Bucket, Env};
use crate::runtime::{streams, thrown};

/// The longest pointer that is read.
const MAX_POINTER_BYTES: usize = 4096;

/// A binding threw while something was read.
#[derive(Debug)]
pub struct SourceError {
    key: String,
    reason: String,
}

impl SourceError {
    /// With what JS threw.
    pub fn new(key: &str, error: &JsValue) -> Self {
        Self {
            key: key.to_owned(),
            reason: thrown(error),
        }
    }
}

impl std::fmt::Display for SourceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: could not be read: {}", self.key, self.reason)
    }
}

/// The bindings that may hold models.
pub struct Source {
    bucket: Option<Bucket>,
    assets: Option<Assets>,
}

impl Source {
    /// What is bound.
    pub fn of(env: &Env) -> Self {
        Self {
            bucket: Bucket::named(env, "MODELS"),
            assets: Assets::named(env, "ASSETS"),
        }
    }

    /// The bytes under a key; `None` where no binding has it.
    ///
    /// # Errors
    /// [`SourceError`] where a binding throws. A bucket that throws is not passed over for the assets: they may hold an
    /// older model, and going back and forth between two models is worse than staying with the last good one.
    pub async fn stream(&self, key: &str) -> Result<Option<ReadableStream>, SourceError> {
        let failed = |error: JsValue| SourceError::new(key, &error);
        if let Some(bucket) = &self.bucket
            && let Some(stream) = bucket.get(key).await.map_err(failed)?
        {
            return Ok(Some(stream));
        }
        match &self.assets {
            Some(assets) => assets.get(key).await.map_err(failed),
            None => Ok(None),
        }
    }

    /// A short text under a key; `None` where no binding has it. Cut off at [`MAX_POINTER_BYTES`].
    ///
    /// # Errors
    /// [`SourceError`] where a binding throws.
    pub async fn small_text(&self, key: &str) -> Result<Option<String>, SourceError> {
        let Some(stream) = self.stream(key).await? else {
            return Ok(None);
        };
        let mut bytes = vec![0; MAX_POINTER_BYTES];
        let filled = streams::read_into(&stream, &mut bytes)
            .await
            .map_err(|error| SourceError::new(key, &error))?;
        bytes.truncate(filled.bytes);
        // Bytes that are no text become a pointer that is none, which is refused with what was found.
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}
