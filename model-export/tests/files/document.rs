//! The five exports of `docs/your-data.md`.
