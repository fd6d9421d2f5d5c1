//! Counts the results of the different test runners.

use std::fmt;
use std::process::ExitStatus;

/// Numbers of passed, failed and skipped tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Tally {
    /// One check that passed.
    pub fn passed() -> Self {
        Self {
            passed: 1,
            ..Self::default()
        }
    }

    /// One check that failed.
    pub fn failed() -> Self {
        Self {
            failed: 1,
            ..Self::default()
        }
    }

    /// A step that cannot run here; prints the reason.
    pub fn skipped(reason: &str) -> Self {
        println!("skipped: {reason}");
        Self {
            skipped: 1,
            ..Self::default()
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// If a runner fails without naming a failed test (it did not compile, or it crashed), counts it as one failed test.
    pub fn and_status(mut self, status: ExitStatus) -> Self {
        if !status.success() && self.failed == 0 {
            self.failed = 1;
        }
        self
    }

    /// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`, once per test binary: libtest's and
    /// wasm-bindgen-test's.
    pub fn of_libtest(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines().filter(|line| line.contains("test result: ")) {
            for part in line.split([';', '.']) {
                let mut words = part.split_whitespace();
                if let (Some(Ok(count)), Some(kind)) = (words.next().map(str::parse::<u64>), words.next()) {
                    tally.count(kind, count);
                }
            }
        }
        tally
    }

    /// Reads the last lines of `node --test` (`ℹ pass 3` or `# pass 3`).
    pub fn of_node(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines() {
            let mut words = line.split_whitespace();
            if matches!(words.next(), Some("ℹ" | "#"))
                && let (Some(kind), Some(Ok(count))) = (words.next(), words.next().map(str::parse::<u64>))
            {
                tally.count(kind, count);
            }
        }
        tally
    }

    /// Reads the last lines of Playwright (`  3 passed (12.3s)`).
    pub fn of_playwright(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines() {
            let mut words = line.split_whitespace();
            if let (Some(Ok(count)), Some(kind)) = (words.next().map(str::parse::<u64>), words.next()) {
                let rest: Vec<&str> = words.collect();
                // A longer line was printed by a test.
                if rest.len() <= 1 && rest.iter().all(|word| word.starts_with('(')) {
                    tally.count(kind, count);
                }
            }
        }
        tally
    }

    fn count(&mut self, kind: &str, count: u64) {
        match kind {
            "passed" | "pass" => self.passed += count,
            "failed" | "fail" | "flaky" | "interrupted" | "cancelled" => self.failed += count,
            "ignored" | "skipped" | "todo" => self.skipped += count,
            _ => {}
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn libtest_binaries_are_added_up() {
        let output = "running 4 tests\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 5 filtered out\n";
        assert_eq!(Tally::of_libtest(output), tally(4, 2, 1));
    }

    #[test]
    fn node_summaries_are_read() {
        let output =
            "✔ a test of 5 pass 7 (3ms)\nℹ tests 9\nℹ pass 6\nℹ fail 1\nℹ cancelled 0\nℹ skipped 2\nℹ todo 0\n";
        assert_eq!(Tally::of_node(output), tally(6, 1, 2));
    }

    #[test]
    fn playwright_summaries_are_read() {
        let output = "  ✓  1 shop.spec.ts:3:1 › 2 passed by here (1.2s)\n\n  1 failed\n    shop.spec.ts\n  2 skipped\n  12 passed (1.0m)\n";
        assert_eq!(Tally::of_playwright(output), tally(12, 1, 2));
    }

    #[test]
    fn the_last_line_names_skipped_tests_only_when_there_are_some() {
        assert_eq!(tally(2, 0, 0).to_string(), "2 passed, 0 failed");
        assert_eq!(tally(2, 1, 3).to_string(), "2 passed, 1 failed, 3 skipped");
    }
}
