//! Where models are published: the R2 bucket `MODELS` first, the static assets where the bucket has none.

use worker::wasm_bindgen::JsValue;
use worker::web_sys::ReadableStream;
use worker::{Bucket, Env, Fetcher, ResponseBody};

use crate::runtime;

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
    pub fn thrown(key: &str, error: &JsValue) -> Self {
        Self {
            key: key.to_owned(),
            reason: runtime::thrown(error),
        }
    }

    fn of(key: &str, error: &worker::Error) -> Self {
        Self {
            key: key.to_owned(),
            reason: error.to_string(),
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
    assets: Option<Fetcher>,
}

impl Source {
    /// What is bound.
    pub fn of(env: &Env) -> Self {
        Self {
            bucket: env.bucket("MODELS").ok(),
            assets: env.assets("ASSETS").ok(),
        }
    }

    /// The bytes under a key; `None` where no binding has it.
    ///
    /// # Errors
    /// [`SourceError`] where a binding throws. A bucket that throws is not passed over for the assets: they may hold an
    /// older model, and going back and forth between two models is worse than staying with the last good one.
    pub async fn stream(&self, key: &str) -> Result<Option<ReadableStream>, SourceError> {
        if let Some(bucket) = &self.bucket {
            let object = bucket
                .get(key)
                .execute()
                .await
                .map_err(|error| SourceError::of(key, &error))?;
            if let Some(body) = object.as_ref().and_then(worker::Object::body) {
                return match body.response_body() {
                    Ok(ResponseBody::Stream(stream)) => Ok(Some(stream)),
                    Ok(_) => Ok(None),
                    Err(error) => Err(SourceError::of(key, &error)),
                };
            }
        }
        let Some(assets) = &self.assets else { return Ok(None) };
        // The host is not looked at; the binding serves by path.
        let response = assets
            .fetch(["https://assets.invalid/", key].concat(), None)
            .await
            .map_err(|error| SourceError::of(key, &error))?;
        if response.status_code() != 200 {
            return Ok(None);
        }
        match response.into_parts().1 {
            ResponseBody::Stream(stream) => Ok(Some(stream)),
            _ => Ok(None),
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
        let filled = runtime::read_into(&stream, &mut bytes)
            .await
            .map_err(|error| SourceError::thrown(key, &error))?;
        bytes.truncate(filled.bytes);
        // Bytes that are no text become a pointer that is none, which is refused with what was found.
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}
