//! SHA-256 and BLAKE3 in WebAssembly over bytes that are already in Wasm memory, as a snapshot's are when it is verified.

use sha2::Digest;
use wasm_bindgen::prelude::wasm_bindgen;

/// The bytes to digest, in this module's memory, so that copying them is not measured.
#[wasm_bindgen]
pub struct Input(Vec<u8>);

#[wasm_bindgen]
impl Input {
    /// `length` pseudo-random bytes (xorshift64).
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(length: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let words = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        Self(words.flatten().take(length).collect())
    }

    /// A copy of the bytes, for WebCrypto.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }

    /// SHA-256 with the `sha2` crate.
    #[must_use]
    pub fn sha256(&self) -> Vec<u8> {
        sha2::Sha256::digest(&self.0).to_vec()
    }

    /// BLAKE3 with the `blake3` crate and simd128.
    #[must_use]
    pub fn blake3(&self) -> Vec<u8> {
        blake3::hash(&self.0).as_bytes().to_vec()
    }
}
