//! Models, the location's cache, the event queue, the bucket and the limit on requests, as maps.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::value::RawValue;

use super::runtime::MemoryBytes;
use super::streams::MemoryBody;
use super::{Health, MemoryHost, waiting};
use crate::host::{CachedAnswer, EventSink, HostError, LocationCache, ModelSource, RateLimit};

impl ModelSource for MemoryHost {
    const MODEL_PLACES: &'static str = "the memory of the test";

    async fn model(&self, key: &str) -> Result<Option<MemoryBody>, HostError> {
        self.sleep(self.models_delay_ms.get()).await;
        waiting::turn(self).await;
        self.models_read.borrow_mut().push(key.to_owned());
        self.models_health.get().check("models")?;
        if let Some(fed) = self.models_fed.borrow_mut().remove(key) {
            return Ok(Some(fed));
        }
        let found = self.models.borrow().get(key).cloned();
        Ok(found.map(|bytes| MemoryBody::of([bytes])))
    }
}

impl LocationCache for MemoryHost {
    async fn find(&self, key: &str) -> Result<Option<CachedAnswer<MemoryBytes>>, HostError> {
        waiting::turn(self).await;
        if self.cache_health.get() == Health::Absent {
            return Ok(None);
        }
        self.cache_health.get().check("cache")?;
        Ok(self.cache.borrow().get(key).map(|(answer, _)| answer.clone()))
    }

    async fn keep(&self, key: &str, answer: CachedAnswer<MemoryBytes>, for_s: u32) -> Result<(), HostError> {
        waiting::turn(self).await;
        self.cache_health.get().check("cache")?;
        self.cache.borrow_mut().insert(key.to_owned(), (answer, for_s));
        Ok(())
    }
}

impl EventSink for MemoryHost {
    async fn send(&self, events: &str) -> Option<Result<(), HostError>> {
        waiting::turn(self).await;
        if self.queue_health.get() == Health::Absent {
            return None;
        }
        // Cloudflare's limit for one call.
        if events.len() > 256_000 {
            return Some(Err(HostError::new(format!(
                "queue: expected at most 256000 bytes, found {}",
                events.len()
            ))));
        }
        let sent = self.queue_health.get().check("queue").and_then(|()| {
            let messages: Vec<Box<RawValue>> =
                serde_json::from_str(events).map_err(|error| HostError::new(error.to_string()))?;
            let texts = messages.iter().map(|message| message.get().to_owned());
            self.queue.borrow_mut().extend(texts);
            Ok(())
        });
        Some(sent)
    }

    async fn put(&self, key: &str, bytes: &MemoryBytes) -> Result<(), HostError> {
        waiting::turn(self).await;
        self.bucket_health.get().check("bucket")?;
        self.bucket.borrow_mut().insert(key.to_owned(), bytes.0.to_vec());
        Ok(())
    }

    async fn gzip(&self, text: &str) -> Result<MemoryBytes, HostError> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let zipped = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
        let zipped = zipped.map_err(|error| HostError::new(error.to_string()))?;
        Ok(MemoryBytes(zipped.into()))
    }
}

impl RateLimit for MemoryHost {
    async fn within_limit(&self, client: &str) -> Option<Result<bool, HostError>> {
        waiting::turn(self).await;
        let limit = self.requests_per_client.get()?;
        Some(self.limit_health.get().check("limit").map(|()| {
            let mut counts = self.requests_of.borrow_mut();
            let count = counts.entry(client.to_owned()).or_insert(0);
            *count += 1;
            *count <= limit
        }))
    }
}
