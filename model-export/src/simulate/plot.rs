//! The frontier as a picture: what is kept by hit ratio, a line for each way of making lists.

use std::fmt::Write as _;

use super::found::{LevelFound, Simulation};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 48.0;

type Line = (&'static str, &'static str, fn(&LevelFound) -> (f64, f64));

/// The way of making lists, its colour, and hit ratio and kept share at a level and the first time to live.
const LINES: [Line; 4] = [
    ("rerank", "#0b6e4f", |level| {
        (level.caches[0].hit_ratio, level.kept_rerank)
    }),
    ("exclude", "#6bbf9c", |level| {
        (level.caches[0].hit_ratio, level.kept_exclude)
    }),
    ("tree, voted", "#3d5a98", |level| {
        (level.caches[0].hit_ratio, level.kept_voted)
    }),
    ("k-means, centroid", "#c8553d", |level| {
        (level.caches[0].hit_ratio_k_means, level.kept_k_means)
    }),
];

/// An SVG of the first time to live.
#[must_use]
pub fn plot(simulation: &Simulation, title: &str) -> String {
    let levels: Vec<&LevelFound> = simulation
        .levels
        .iter()
        .filter(|level| !level.caches.is_empty())
        .collect();
    let points = |line: &Line| levels.iter().map(|level| (line.2)(level)).collect::<Vec<(f64, f64)>>();
    let all: Vec<(f64, f64)> = LINES.iter().flat_map(points).collect();
    let tenth = |value: f64| (value * 10.0).floor() / 10.0;
    let fewest_hits = all.iter().map(|point| point.0).fold(1.0, f64::min);
    // The axis begins at the last of these in front of all points, or at a tenth; a log with much traffic fills the last percent.
    let low = [0.996, 0.99, 0.96]
        .into_iter()
        .find(|low| *low <= fewest_hits)
        .unwrap_or_else(|| tenth(fewest_hits));
    let high = all.iter().map(|point| tenth(point.1) + 0.1).fold(1.0, f64::max);
    let x = |hits: f64| LEFT + (hits - low) / (1.0 - low) * (WIDTH - LEFT - RIGHT);
    let y = |kept: f64| TOP + (high - kept) / high * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"{LEFT}\" y=\"20\" font-weight=\"600\">{}</text>\n",
        escaped(title)
    );
    let mut text = |x: f64, y: f64, anchor: &str, fill: &str, words: &str| {
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{}</text>",
            escaped(words)
        );
    };
    for step in 0..=4 {
        let part = f64::from(step) / 4.0;
        let (hits, kept) = (low + part * (1.0 - low), part * high);
        text(
            x(hits),
            HEIGHT - BOTTOM + 18.0,
            "middle",
            "#5c6370",
            &format!("{:.1} %", 100.0 * hits),
        );
        text(
            LEFT - 8.0,
            y(kept) + 4.0,
            "end",
            "#5c6370",
            &format!("{:.0} %", 100.0 * kept),
        );
    }
    text(
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 10.0,
        "middle",
        "#222",
        "hit ratio",
    );
    for (place, (name, colour, _)) in (0..).zip(&LINES) {
        text(
            WIDTH - RIGHT + 16.0,
            TOP + 16.0 + 20.0 * f64::from(place),
            "start",
            colour,
            name,
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{LEFT} {TOP}V{0}H{1}\" fill=\"none\" stroke=\"#5c6370\"/>",
        HEIGHT - BOTTOM,
        WIDTH - RIGHT
    );
    for line in &LINES {
        let places: Vec<String> = points(line)
            .iter()
            .map(|(hits, kept)| format!("{:.1},{:.1}", x(*hits), y(*kept)))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>",
            places.join(" "),
            line.1
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
