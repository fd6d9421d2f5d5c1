//! The demo's keys: made once on this machine; they never leave it.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::HOME;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;

/// The private key that signs the demo's snapshots.
pub const SIGNING_KEY: &str = ".selvedge/demo/signing.key";
const PUBLIC_KEY: &str = ".selvedge/demo/signing.key.pub";
/// The file from which `wrangler dev` reads secrets.
pub const WORKER_ENV: &str = ".selvedge/demo/worker.env";

/// Makes the signing key if there is none; returns the public key.
pub fn signing_pair(selvedge: &Path) -> Result<String, Failure> {
    fs::create_dir_all(HOME).map_err(Failure::io("create", HOME))?;
    if !Path::new(SIGNING_KEY).exists() {
        step("making a signing key");
        process::run(
            Command::new(selvedge)
                .args(["keygen", "--quiet", SIGNING_KEY])
                .stdout(Stdio::null()),
        )?;
    }
    public_key()
}

/// The public key in hexadecimal.
pub fn public_key() -> Result<String, Failure> {
    let public_key = fs::read_to_string(PUBLIC_KEY).map_err(Failure::io("read", PUBLIC_KEY))?;
    Ok(public_key.trim().to_owned())
}

/// Writes the Worker's variables and secrets: the public key that it trusts, the cookie key, and diagnostics on. An existing cookie
/// key is kept, so that a browser keeps its profile after a restart.
pub fn worker_secrets(public_key: &str) -> Result<(), Failure> {
    const COOKIE: &str = "SELVEDGE_COOKIE_KEYS=";
    let old = fs::read_to_string(WORKER_ENV).unwrap_or_default();
    let cookie = match old.lines().find(|line| line.starts_with(COOKIE)) {
        Some(line) => line.to_owned(),
        None => format!("{COOKIE}1:{}", base64(&random_bytes()?)),
    };
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(WORKER_ENV)
        .map_err(Failure::io("write", WORKER_ENV))?;
    writeln!(
        file,
        "SELVEDGE_PUBLIC_KEYS={public_key}\nSELVEDGE_DIAGNOSTICS=on\n{cookie}"
    )
    .map_err(Failure::io("write", WORKER_ENV))
}

fn random_bytes() -> Result<[u8; 32], Failure> {
    const SOURCE: &str = "/dev/urandom";
    let mut bytes = [0; 32];
    fs::File::open(SOURCE)
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(Failure::io("read", SOURCE))?;
    Ok(bytes)
}

/// Base64 of RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0u8; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(group);
        for place in 0..4 {
            if place <= chunk.len() {
                let index = (bits >> (18 - 6 * place)) & 63;
                text.push(char::from(ALPHABET[index as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_agrees_with_the_vectors_of_rfc_4648() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, encoded) in vectors {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
