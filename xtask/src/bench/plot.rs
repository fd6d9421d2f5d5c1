//! A scatter plot as SVG: time by recall, the time on a logarithmic scale.

use std::error::Error;
use std::fs;

use plotters::prelude::*;

use crate::failure::Failure;

const SIZE: (u32, u32) = (760, 420);
const FONT: (&str, u32) = ("sans-serif", 12);
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x0b, 0x6e, 0x4f),
    RGBColor(0x6b, 0xbf, 0x9c),
    RGBColor(0xc8, 0x55, 0x3d),
    RGBColor(0x3d, 0x5a, 0x98),
    RGBColor(0x8a, 0x5a, 0xa8),
    RGBColor(0xb8, 0x86, 0x0b),
    RGBColor(0x5c, 0x63, 0x70),
    RGBColor(0xd1, 0x78, 0x9b),
];

pub struct Point {
    series: String,
    recall: f64,
    ms: f64,
}

impl Point {
    pub fn new(series: &str, recall: f64, ms: f64) -> Self {
        Self {
            series: series.to_owned(),
            recall,
            ms: ms.max(1e-4),
        }
    }
}

pub struct Plot {
    pub title: String,
    pub points: Vec<Point>,
}

impl Plot {
    /// Writes `docs/benchmarks/NAME`.
    pub fn write(&self, name: &str) -> Result<(), Failure> {
        let path = format!("docs/benchmarks/{name}");
        let svg = self.svg().map_err(|error| Failure::Io {
            action: "draw",
            path: path.clone().into(),
            source: std::io::Error::other(error.to_string()),
        })?;
        fs::write(&path, svg).map_err(Failure::io("write", &path))
    }

    fn svg(&self) -> Result<String, Box<dyn Error + '_>> {
        let times = || self.points.iter().map(|point| point.ms.log10());
        // Whole powers of ten around all points. The axes reach a little beyond their last labels, which are left out otherwise.
        let low = 0.99 * 10f64.powf(times().fold(0.0, f64::min).floor());
        let high = 1.01 * 10f64.powf(times().fold(0.0, f64::max).ceil());
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
            root.fill(&WHITE)?;
            let mut chart = ChartBuilder::on(&root)
                .caption(&self.title, ("sans-serif", 14))
                .margin(10)
                // Room for the names of the series beside the points.
                .margin_right(170)
                .x_label_area_size(40)
                .y_label_area_size(60)
                .build_cartesian_2d(0.0..1.001, (low..high).log_scale())?;
            chart
                .configure_mesh()
                .x_desc("recall@10")
                .x_labels(6)
                .x_label_formatter(&|recall| format!("{recall:.1}"))
                .y_label_formatter(&|ms| format!("{ms} ms"))
                .label_style(FONT)
                .light_line_style(TRANSPARENT)
                .draw()?;
            for (place, (name, colour)) in (0..).zip(self.series()) {
                let points = self.points.iter().filter(|point| point.series == name);
                chart.draw_series(
                    points.map(|point| Circle::new((point.recall, point.ms), 5, colour.mix(0.8).filled())),
                )?;
                let line = 44 + 20 * place;
                root.draw(&Circle::new((606, line), 5, colour.filled()))?;
                root.draw(&Text::new(name, (618, line - 6), FONT))?;
            }
            root.present()?;
        }
        Ok(svg)
    }

    /// The names in the order of their first points, with their colours.
    fn series(&self) -> impl Iterator<Item = (&str, RGBColor)> {
        let mut names: Vec<&str> = Vec::new();
        for point in &self.points {
            if !names.contains(&point.series.as_str()) {
                names.push(&point.series);
            }
        }
        names.into_iter().zip(COLOURS.into_iter().cycle())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::expect_used, reason = "a test")]
    fn every_point_and_every_series_once_is_drawn() {
        let plot = Plot {
            title: "by recall".into(),
            points: vec![
                Point::new("a", 1.0, 0.01),
                Point::new("a", 0.5, 1.0),
                Point::new("b", 0.0, 100.0),
            ],
        };
        let svg = plot.svg().expect("a plot into a string");
        assert_eq!(svg.matches("<circle").count(), 3 + 2, "{svg}");
        assert!(svg.contains("0.01 ms") && svg.contains("100 ms"), "{svg}");
        assert!(svg.contains("by recall") && svg.contains("recall@10"), "{svg}");
    }
}
