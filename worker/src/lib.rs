//! The shell on the edge.
