//! Charts as SVG: bars, and lines over logarithmic axes. Each picture has its colours with it, for light and dark.

use std::fmt::Write;

use super::text::{digits, escaped};

/// Width of a picture, in pixels of its own: no more than its texts need, so that they are not too small on a phone.
const WIDTH: f64 = 700.0;

/// Where the plot begins and ends.
const LEFT: f64 = 125.0;
const RIGHT: f64 = 140.0;

/// Letters of a name.
const LONGEST_NAME: usize = 16;

/// The light colours, as attributes of each element: what a renderer that knows no variables of CSS shows. The style has
/// the last word where it is understood.
const BACKGROUND: &str = "#fff";
const INK: &str = "#1c2330";
const DIM: &str = "#5b6472";
const GRID: &str = "#e3e6ea";
const COLOURS: [&str; 8] = ["#d4690b", "#7b8494", "#2a6fdb", "#0e8fa8", "#1b8a5a", "#8046c9", "#c93a6b", "#8a6d1f"];

const STYLE: &str = "\
.s{--bg:#fff;--ink:#1c2330;--dim:#5b6472;--grid:#e3e6ea;\
--c0:#d4690b;--c1:#7b8494;--c2:#2a6fdb;--c3:#0e8fa8;--c4:#1b8a5a;--c5:#8046c9;--c6:#c93a6b;--c7:#8a6d1f}\
@media(prefers-color-scheme:dark){.s{--bg:#0f141b;--ink:#e8ebf0;--dim:#9aa4b2;--grid:#2a313b;\
--c0:#f59a45;--c1:#9aa3b2;--c2:#5b9bff;--c3:#43c6dd;--c4:#3fc48a;--c5:#b48bf2;--c6:#f07aa0;--c7:#cdae57}}\
.s text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:var(--ink)}\
.s .t{font-size:15px;font-weight:600}.s .d{fill:var(--dim);font-size:12px}\
.s .g{stroke:var(--grid);stroke-width:1}.s .w{stroke:var(--ink);stroke-width:1.5}\
.s .l{fill:none;stroke-width:2;stroke-linejoin:round}";

/// A bar, with marks at the other values if there are any.
pub(crate) struct Bar {
    pub(crate) label: String,
    /// The number of its colour.
    pub(crate) colour: usize,
    pub(crate) value: f64,
    /// The p99, if `value` is a p50: a thin line continues up to it.
    pub(crate) whisker: Option<f64>,
}

/// A line over points with logarithmic coordinates.
pub(crate) struct Series {
    pub(crate) label: String,
    pub(crate) colour: usize,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A picture that grows downwards.
pub(crate) struct Picture {
    body: String,
    height: f64,
}

impl Picture {
    pub(crate) fn new() -> Picture {
        Picture { body: String::new(), height: 14.0 }
    }

    pub(crate) fn svg(self, title: &str) -> String {
        let Picture { body, height } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"s\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
             width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{}\"><style>{STYLE}</style>\
             <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\" style=\"fill:var(--bg)\"/>{body}</svg>\n",
            escaped(title)
        )
    }

    fn text(&mut self, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
        let text = escaped(text);
        let (fill, size) = match class {
            "d" => (DIM, 12),
            "t" => (INK, 15),
            _ => (INK, 13),
        };
        // Writing to a string does not fail.
        let _ = write!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" fill=\"{fill}\" font-size=\"{size}\" \
             font-family=\"sans-serif\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }

    fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x, y), (to_x, to_y)) = (from, to);
        let stroke = if class == "g" { GRID } else { INK };
        let _ =
            write!(self.body, "<path class=\"{class}\" stroke=\"{stroke}\" d=\"M{x:.1} {y:.1}L{to_x:.1} {to_y:.1}\"/>");
    }

    fn heading(&mut self, title: &str, explanation: &str) {
        self.text(20.0, self.height + 14.0, "t", "start", title);
        self.text(20.0, self.height + 32.0, "d", "start", explanation);
        self.height += 46.0;
    }

    /// Horizontal bars from zero. If less is better, those that are far longer than the others are broken off, so that
    /// the others can be told apart.
    pub(crate) fn bars(&mut self, title: &str, explanation: &str, unit: &str, less_is_better: bool, bars: &[Bar]) {
        self.heading(title, explanation);
        let mut values: Vec<f64> = bars.iter().map(|bar| bar.value).collect();
        values.sort_by(f64::total_cmp);
        let longest = values.last().copied().unwrap_or_default();
        let middle = values.get(values.len() / 2).copied().unwrap_or_default();
        let longest = if less_is_better { longest.min(middle * 4.0) } else { longest };
        let most = bars.iter().filter_map(|bar| bar.whisker).fold(longest, f64::max);
        // A thin line that is much longer than all bars ends at the edge; its value stands there anyway.
        let most = most.min(longest * 2.5);
        // Leaves room for the value behind the longest one.
        let scale = |value: f64| LEFT + value.min(most) / most.max(f64::MIN_POSITIVE) * (WIDTH - LEFT - RIGHT - 30.0);
        for bar in bars {
            let (top, middle) = (self.height + 4.0, self.height + 12.0);
            self.text(LEFT - 10.0, middle + 4.5, "", "end", &short_name(&bar.label));
            let (end, colour) = (scale(bar.value), bar.colour % 8);
            let width = (end - LEFT).max(1.0);
            let _ = write!(
                self.body,
                "<rect x=\"{LEFT}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"16\" rx=\"2\" {}/>",
                filled(colour)
            );
            if bar.value > most {
                let (x, bottom) = (end - 24.0, top + 17.0);
                let _ = write!(
                    self.body,
                    "<path d=\"M{x:.1} {bottom:.1}l8 -18\" stroke=\"{BACKGROUND}\" stroke-width=\"4\" \
                     style=\"stroke:var(--bg)\"/>"
                );
            }
            let mut behind = end;
            if let Some(whisker) = bar.whisker.map(scale).filter(|whisker| *whisker > end) {
                self.line("w", (end, middle), (whisker, middle));
                self.line("w", (whisker, middle - 4.0), (whisker, middle + 4.0));
                behind = whisker;
            }
            let whisker = bar.whisker.map(|whisker| format!(", p99 {}", digits(whisker))).unwrap_or_default();
            let value = format!("{} {unit}{whisker}", digits(bar.value));
            self.text(behind + 8.0, middle + 4.5, "", "start", &value);
            self.height += 24.0;
        }
        self.height += 18.0;
    }

    /// Lines, with their names at their ends.
    pub(crate) fn lines(&mut self, title: &str, explanation: &str, all: &[Series]) {
        self.heading(title, explanation);
        let points = || all.iter().flat_map(|series| &series.points).filter(|(x, y)| *x > 0.0 && *y > 0.0);
        let (Some(xs), Some(ys)) = (range(points().map(|point| point.0)), range(points().map(|point| point.1))) else {
            return;
        };
        let ticks = ticks(ys);
        let ys = (ticks[0], ticks[ticks.len() - 1]);
        let (top, tall) = (self.height, 190.0);
        let part = |value: f64, (low, high): (f64, f64)| (value / low).log10() / (high / low).log10().max(1e-9);
        let x_of = |x: f64| LEFT - 60.0 + part(x, xs) * (WIDTH - LEFT + 60.0 - RIGHT);
        let y_of = |y: f64| top + tall - part(y, ys) * tall;

        for y in ticks {
            self.line("g", (x_of(xs.0), y_of(y)), (WIDTH - RIGHT, y_of(y)));
            self.text(x_of(xs.0) - 8.0, y_of(y) + 4.0, "d", "end", &short(y));
        }
        let mut ticks: Vec<f64> = points().map(|point| point.0).collect();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        for x in ticks {
            self.line("g", (x_of(x), top + tall), (x_of(x), top + tall + 4.0));
            self.text(x_of(x), top + tall + 19.0, "d", "middle", &short(x));
        }

        let mut ends: Vec<(f64, &Series)> = Vec::new();
        for series in all {
            let mut path = String::new();
            for (x, y) in series.points.iter().filter(|(_, y)| *y > 0.0) {
                let letter = if path.is_empty() { 'M' } else { 'L' };
                let _ = write!(path, "{letter}{:.1} {:.1}", x_of(*x), y_of(*y));
            }
            let colour = series.colour % 8;
            let _ = write!(
                self.body,
                "<path class=\"l\" d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" \
                 style=\"stroke:var(--c{colour})\"/>",
                COLOURS[colour]
            );
            for (x, y) in series.points.iter().filter(|(_, y)| *y > 0.0) {
                let (x, y) = (x_of(*x), y_of(*y));
                let _ = write!(
                    self.body,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{}\" stroke=\"{BACKGROUND}\" \
                     style=\"fill:var(--c{colour});stroke:var(--bg)\"/>",
                    COLOURS[colour]
                );
            }
            if let Some((_, y)) = series.points.iter().rfind(|(_, y)| *y > 0.0) {
                ends.push((y_of(*y), series));
            }
        }
        self.names(ends, x_of(xs.1) + 14.0, top + tall);
        self.height += tall + 44.0;
    }

    /// Names beside the ends of lines, moved apart where they would cover each other.
    fn names(&mut self, mut ends: Vec<(f64, &Series)>, x: f64, bottom: f64) {
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = f64::MIN;
        for (y, _) in &mut ends {
            *y = y.max(free);
            free = *y + 17.0;
        }
        let mut free = bottom + 4.0;
        for (y, _) in ends.iter_mut().rev() {
            *y = y.min(free);
            free = *y - 17.0;
        }
        for (y, series) in ends {
            let colour = series.colour % 8;
            let _ = write!(self.body, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" {}/>", filled(colour));
            self.text(x + 9.0, y + 4.5, "", "start", &short_name(&series.label));
        }
    }
}

/// What fills an element with this colour.
fn filled(colour: usize) -> String {
    format!("fill=\"{}\" style=\"fill:var(--c{colour})\"", COLOURS[colour])
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
    })
}

/// Where to draw lines over a logarithmic axis. It has no less than a power of ten, so that a flat line looks flat: all
/// of 1, 2 and 5 where there are few of them, else powers of ten.
fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    let between = |steps: &[f64]| -> Vec<f64> {
        let first = low.log10().floor() as i32;
        // One power of ten around both is enough.
        let all: Vec<f64> =
            (first..first + 20).flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power))).collect();
        let start = all.iter().rposition(|tick| *tick <= low * 1.001).unwrap_or_default();
        let least = all[start] * 10.0;
        let end = all.iter().position(|tick| *tick >= (high * 0.999).max(least * 0.999)).unwrap_or(all.len() - 1);
        all[start..=end].to_vec()
    };
    let fine = between(&[1.0, 2.0, 5.0]);
    if fine.len() <= 8 { fine } else { between(&[1.0]) }
}

/// What there is room for.
fn short_name(name: &str) -> String {
    match name.chars().count() > LONGEST_NAME {
        true => name.chars().take(LONGEST_NAME - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

/// `10 k`, `64 M`.
fn short(value: f64) -> String {
    match value {
        big if big >= 1e9 => format!("{} G", digits(big / 1e9).trim_end_matches(".00").trim_end_matches(".0")),
        big if big >= 1e6 => format!("{} M", digits(big / 1e6).trim_end_matches(".00").trim_end_matches(".0")),
        big if big >= 1e3 => format!("{} k", digits(big / 1e3).trim_end_matches(".00").trim_end_matches(".0")),
        small => format!("{small:.6}").trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_short() {
        for (value, text) in [(5.0, "5"), (0.01, "0.01"), (1000.0, "1 k"), (64e6, "64 M"), (1e9, "1 G")] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn an_axis_has_a_power_of_ten_or_more() {
        for (range, all) in [
            ((0.3, 1.7), &[0.2, 0.5, 1.0, 2.0][..]),
            ((1.0, 1.0), &[1.0, 2.0, 5.0, 10.0]),
            ((0.07, 43.0), &[0.01, 0.1, 1.0, 10.0, 100.0]),
            ((1.4, 1009.0), &[1.0, 10.0, 100.0, 1000.0, 10_000.0]),
        ] {
            let ticks = ticks(range);
            let same = ticks.len() == all.len() && ticks.iter().zip(all).all(|(a, b)| (a / b - 1.0).abs() < 1e-9);
            assert!(same, "{range:?}: {ticks:?}");
        }
    }

    /// A renderer that does not know the style, or variables in it, shows the light picture.
    #[test]
    fn every_element_has_a_plain_colour_too() {
        let mut picture = Picture::new();
        let bar = |value| Bar { label: "a".into(), colour: 9, value, whisker: Some(value * 2.0) };
        picture.bars("t", "e", "us", true, &[bar(1.0), bar(1.0), bar(50.0)]);
        picture.lines("t", "e", &[Series { label: "a".into(), colour: 1, points: vec![(1.0, 1.0), (10.0, 5.0)] }]);
        let svg = picture.svg("t");
        let body = svg.split("</style>").nth(1).expect("elements behind the style");
        for element in body.split('<').filter(|element| !element.is_empty() && !element.starts_with('/')) {
            let style = element.split("style=\"").nth(1).unwrap_or_default();
            let style = style.split('"').next().unwrap_or_default();
            let painted = element.contains(" fill=\"") || element.contains(" stroke=\"#");
            assert!(painted, "{element}");
            for (property, _) in style.split(';').filter_map(|part| part.split_once(':')) {
                assert!(element.contains(&format!(" {property}=\"")), "{property} of {element}");
            }
        }
        for colour in COLOURS.iter().chain([&BACKGROUND, &INK, &DIM, &GRID]) {
            assert!(
                STYLE.split("@media").next().is_some_and(|light| light.contains(&format!(":{colour}"))),
                "{colour}"
            );
        }
    }

    #[test]
    fn names_cannot_break_out() {
        let mut picture = Picture::new();
        let bar = Bar { label: "<script>".into(), colour: 0, value: 1.0, whisker: None };
        picture.bars("a & b", "", "us", true, &[bar]);
        let svg = picture.svg("\"");
        assert!(svg.contains("&lt;script&gt;") && svg.contains("a &amp; b") && !svg.contains("<script"), "{svg}");
    }

    #[test]
    fn lines_without_points_are_none() {
        let mut picture = Picture::new();
        let series = Series { label: "a".into(), colour: 0, points: vec![(1.0, 0.0)] };
        picture.lines("t", "", &[series]);
        assert!(!picture.svg("t").contains("NaN"));
    }
}
