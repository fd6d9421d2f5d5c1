//! A scatter plot as SVG: time by recall, the time on a logarithmic scale.

use std::fmt::Write;
use std::fs;

use crate::failure::Failure;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
const COLOURS: [&str; 8] = [
    "#0b6e4f", "#6bbf9c", "#c8553d", "#3d5a98", "#8a5aa8", "#b8860b", "#5c6370", "#d1789b",
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
        fs::write(&path, self.svg()).map_err(Failure::io("write", &path))
    }

    fn svg(&self) -> String {
        let low = self
            .points
            .iter()
            .map(|point| point.ms.log10().floor())
            .fold(0.0, f64::min);
        let high = self
            .points
            .iter()
            .map(|point| point.ms.log10().ceil())
            .fold(0.0, f64::max);
        let y = |ms: f64| TOP + (high - ms.log10()) / (high - low).max(1.0) * (HEIGHT - TOP - BOTTOM);
        let x = |recall: f64| LEFT + recall * (WIDTH - LEFT - RIGHT);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"{LEFT}\" y=\"22\" font-size=\"14\">{}</text>\n",
            self.title
        );
        let mut power = low;
        while power <= high {
            let at = y(10f64.powf(power));
            let label = 10f64.powf(power);
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label} ms</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0
            );
            power += 1.0;
        }
        for tenth in 0..=5u8 {
            let recall = f64::from(tenth) / 5.0;
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{recall:.1}</text>",
                x(recall),
                HEIGHT - BOTTOM + 18.0
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">recall@10</text>",
            x(0.5),
            HEIGHT - 12.0
        );
        let mut names: Vec<&str> = Vec::new();
        for point in &self.points {
            if !names.contains(&point.series.as_str()) {
                names.push(&point.series);
            }
        }
        for (at, name) in (0u8..).zip(&names) {
            let colour = COLOURS[usize::from(at) % COLOURS.len()];
            for point in self.points.iter().filter(|point| point.series == *name) {
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"{colour}\" fill-opacity=\"0.8\"/>",
                    x(point.recall),
                    y(point.ms)
                );
            }
            let line = TOP + 10.0 + f64::from(at) * 20.0;
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{line:.1}\" r=\"5\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
                WIDTH - RIGHT + 22.0,
                WIDTH - RIGHT + 34.0,
                line + 4.0
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_and_every_series_once_is_drawn() {
        let plot = Plot {
            title: "by recall".into(),
            points: vec![
                Point::new("a", 1.0, 0.01),
                Point::new("a", 0.5, 1.0),
                Point::new("b", 0.0, 100.0),
            ],
        };
        let svg = plot.svg();
        assert_eq!(svg.matches("<circle").count(), 3 + 2);
        assert_eq!(svg.matches(">a<").count(), 1);
        assert!(svg.contains(">0.01 ms<") && svg.contains(">100 ms<"), "{svg}");
        // The fastest lies lowest.
        assert!(svg.contains(&format!("cy=\"{:.1}\"", HEIGHT - BOTTOM)));
    }
}
