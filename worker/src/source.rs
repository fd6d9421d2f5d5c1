//! Where models are published: the R2 bucket `MODELS` first, the static assets where the bucket has none.

use selvedge_edge::host::{HostError, ModelSource};

use crate::host::{Cloudflare, failed};
use crate::runtime::bindings::{Assets, Bucket};
use crate::runtime::streams::Body;

impl ModelSource for Cloudflare {
    const MODEL_PLACES: &'static str = "the bucket MODELS, then the static assets";

    async fn model(&self, key: &str) -> Result<Option<Body>, HostError> {
        if let Some(bucket) = Bucket::named(&self.env, "MODELS")
            && let Some(stream) = bucket.get(key).await.map_err(failed)?
        {
            return Ok(Some(Body::of(stream)));
        }
        match Assets::named(&self.env, "ASSETS") {
            Some(assets) => Ok(assets.get(key).await.map_err(failed)?.map(Body::of)),
            None => Ok(None),
        }
    }
}
