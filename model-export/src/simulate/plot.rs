//! The frontier as a picture: what is kept by hit ratio, a line for each way of making lists.

use std::error::Error;

use plotters::prelude::*;

use super::error::SimulateError;
use super::found::{LevelFound, Simulation};

const SIZE: (u32, u32) = (720, 400);
const FONT: (&str, u32) = ("sans-serif", 12);

type Line = (&'static str, RGBColor, fn(&LevelFound) -> (f64, f64));

/// The way of making lists, its colour, and hit ratio and kept share at a level and the first time to live.
const LINES: [Line; 4] = [
    ("rerank", RGBColor(0x0b, 0x6e, 0x4f), |level| {
        (level.caches[0].hit_ratio, level.kept_rerank)
    }),
    ("exclude", RGBColor(0x6b, 0xbf, 0x9c), |level| {
        (level.caches[0].hit_ratio, level.kept_exclude)
    }),
    ("tree, voted", RGBColor(0x3d, 0x5a, 0x98), |level| {
        (level.caches[0].hit_ratio, level.kept_voted)
    }),
    ("k-means, centroid", RGBColor(0xc8, 0x55, 0x3d), |level| {
        (level.caches[0].hit_ratio_k_means, level.kept_k_means)
    }),
];

/// An SVG of the first time to live.
///
/// # Errors
/// [`SimulateError::Plot`].
pub fn plot(simulation: &Simulation, title: &str) -> Result<String, SimulateError> {
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
    let mut svg = String::new();
    draw(&mut svg, title, (low, high), &points).map_err(|error| SimulateError::Plot(error.to_string()))?;
    Ok(svg)
}

fn draw<'a>(
    svg: &'a mut String,
    title: &str,
    (low, high): (f64, f64),
    points: &dyn Fn(&Line) -> Vec<(f64, f64)>,
) -> Result<(), Box<dyn Error + 'a>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 14))
        .margin(10)
        // Room for the names of the lines beside them.
        .margin_right(170)
        .x_label_area_size(40)
        .y_label_area_size(50)
        // The axis reaches a little beyond its last label, which is left out otherwise.
        .build_cartesian_2d(low..(1.0 + 0.001 * (1.0 - low)), 0.0..high)?;
    chart
        .configure_mesh()
        .x_desc("hit ratio")
        .x_label_formatter(&|hits| format!("{:.1} %", 100.0 * hits))
        .y_label_formatter(&|kept| format!("{:.0} %", 100.0 * kept))
        .label_style(FONT)
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (place, line) in (0..).zip(&LINES) {
        chart.draw_series(LineSeries::new(points(line), line.1.stroke_width(2)))?;
        let height = 44 + 20 * place;
        root.draw(&PathElement::new(
            [(556, height), (576, height)],
            line.1.stroke_width(2),
        ))?;
        root.draw(&Text::new(line.0, (582, height - 6), FONT))?;
    }
    root.present()?;
    Ok(())
}
