//! Runs the Worker in workerd, with `wrangler dev` and local bindings.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::keys;
use crate::failure::Failure;
use crate::progress::step;
use crate::tools;

const LOG: &str = ".selvedge/demo/wrangler.log";
/// How long to wait for a server that hangs; one that exits is noticed at once. wrangler takes 3 s to start on an idle machine, and many
/// times that on a busy one.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on, Ctrl-C and SIGTERM stop the server before this program exits; a second one exits at once.
pub fn stop_on_signals() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    })
    .map_err(Failure::Signals)
}

/// A port that is free just now.
pub fn free_port() -> Result<u16, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Failure::io("find a free port on", "127.0.0.1"))
}

/// A running demo; dropping it stops it.
pub struct Server {
    wrangler: Child,
    url: String,
}

impl Server {
    /// Starts it and waits until it can answer with a model. It serves `site` beside the API, keeps buckets and queues in the
    /// folder `state`, and gets `variables` beside those of wrangler.toml, each as `NAME:VALUE`.
    pub fn start(port: u16, site: &Path, state: &str, variables: &[&str]) -> Result<Self, Failure> {
        step("starting the Worker in workerd");
        let log = fs::File::create(LOG).map_err(Failure::io("write", LOG))?;
        let errors = log.try_clone().map_err(Failure::io("write", LOG))?;
        let mut command = tools::wrangler()?;
        command
            .args(["dev", "--local", "--no-bundle"])
            .args(["--show-interactive-dev-session=false", "--ip=127.0.0.1"])
            .args(["--port", &port.to_string(), "--inspector-port=0"])
            .args(["--persist-to", state])
            .args(["--env-file", keys::WORKER_ENV])
            .args(variables.iter().flat_map(|variable| ["--var", variable]))
            // Not the folder that wrangler.toml names, because other programs that use it must not find the demo's model.
            .arg("--assets")
            .arg(site)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            // A process group of its own: wrangler starts workerd, and both must be stopped.
            .process_group(0);
        let wrangler = command.spawn().map_err(|source| Failure::Start {
            program: "wrangler".into(),
            source,
            hint: "run `cargo xtask setup`",
        })?;
        let mut server = Self {
            wrangler,
            url: format!("http://127.0.0.1:{port}"),
        };
        server.wait_until_ready(port)?;
        Ok(server)
    }

    /// The address at which it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn wait_until_ready(&mut self, port: u16) -> Result<(), Failure> {
        let begin = Instant::now();
        let mut last = "no answer".to_owned();
        while begin.elapsed() < PATIENCE && !INTERRUPTED.load(Ordering::SeqCst) {
            if self.has_ended() {
                return Err(self.not_ready("wrangler ended".into()));
            }
            match status_of(port, "/readyz") {
                Ok(200) => return Ok(()),
                Ok(status) => last = format!("status {status}"),
                Err(error) => last = error.to_string(),
            }
            thread::sleep(LOOK_AGAIN);
        }
        Err(self.not_ready(last))
    }

    fn not_ready(&self, found: String) -> Failure {
        let log = fs::read_to_string(LOG).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(20)..].join("\n");
        Failure::Mismatch {
            what: format!("{}/readyz", self.url),
            expected: format!("status 200 within {} s", PATIENCE.as_secs()),
            found,
            hint: format!("the end of {LOG} says:\n{end}"),
        }
    }

    fn has_ended(&mut self) -> bool {
        matches!(self.wrangler.try_wait(), Ok(Some(_)) | Err(_))
    }

    /// Serves until Ctrl-C.
    pub fn wait(mut self) -> Result<(), Failure> {
        while !INTERRUPTED.load(Ordering::SeqCst) {
            if self.has_ended() {
                return Err(self.not_ready("wrangler ended by itself".into()));
            }
            thread::sleep(LOOK_AGAIN);
        }
        self.stop()
    }

    /// Stops it in an orderly way, so that it writes what is still in its queue.
    pub fn stop(mut self) -> Result<(), Failure> {
        self.signal("TERM");
        let begin = Instant::now();
        while !self.has_ended() && begin.elapsed() < PATIENCE {
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    fn signal(&self, name: &str) {
        let group = format!("kill -s {name} -- -{} 2>/dev/null", self.wrangler.id());
        // `-s`, because dash refuses `kill -TERM -- -PID`. A group that has already ended needs no signal.
        let _ = Command::new("sh").args(["-c", &group]).status();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("KILL");
        let _ = self.wrangler.wait();
    }
}

/// The status of one GET, without the dependency on an HTTP client.
fn status_of(port: u16, path: &str) -> std::io::Result<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    std::str::from_utf8(&head[9..])
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidData))
}
