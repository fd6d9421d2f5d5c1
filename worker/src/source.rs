//! Where models are published: the R2 bucket `MODELS` first, the static assets where the bucket has none.

use selvedge_edge::host::{HostError, ModelSource};
use wasm_bindgen::JsValue;
use web_sys::ReadableStream;
use worker::worker_sys::Fetcher as RawFetcher;
use worker::{Bucket, Fetcher, ResponseBody};

use crate::host::Cloudflare;
use crate::origin::{ASSETS, answered};
use crate::runtime::failed;
use crate::streams::Body;

impl ModelSource for Cloudflare {
    const MODEL_PLACES: &'static str = "the bucket MODELS, then the static assets";

    async fn model(&self, key: &str) -> Result<Option<Body>, HostError> {
        if let Some(bucket) = self.binding::<Bucket>("MODELS")?
            && let Some(stream) = stored(&bucket, key).await.map_err(failed)?
        {
            return Ok(Some(Body::of(stream)));
        }
        match self.binding::<Fetcher>(ASSETS)? {
            Some(assets) => Ok(published(assets.into_rpc(), key).await.map_err(failed)?.map(Body::of)),
            None => Ok(None),
        }
    }
}

/// An object's bytes; nothing where the bucket has no such key.
async fn stored(bucket: &Bucket, key: &str) -> worker::Result<Option<ReadableStream>> {
    let object = bucket.get(key).execute().await?;
    let body = object.as_ref().and_then(worker::Object::body);
    Ok(match body.map(worker::ObjectBody::response_body).transpose()? {
        Some(ResponseBody::Stream(stream)) => Some(stream),
        _ => None,
    })
}

/// A file's bytes; nothing where there is no such file. (`Fetcher::fetch` brings in all that a `worker::RequestInit` can hold.)
async fn published(assets: RawFetcher, path: &str) -> Result<Option<ReadableStream>, JsValue> {
    // The host is not looked at; the binding serves by path.
    let promise = assets.fetch_with_str(&["https://assets.invalid/", path].concat())?;
    let answer = answered(promise).await?;
    Ok(answer.body().filter(|_| answer.status() == 200))
}
