//! What a sweep varied: the axis of its figures, and one panel for each combination of everything else.

use super::points::Point;
use std::collections::{BTreeMap, BTreeSet};

/// Points of one op that differ in one size (and in the variant) only.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel<'a> {
    /// The operation.
    pub op: String,
    /// The names that share the axis: `["m", "n", "k"]` where the three are always equal. Empty where nothing varies.
    pub axis: Vec<String>,
    /// The sizes that are fixed in this panel but not in all of the op's panels.
    pub fixed: Vec<(String, String)>,
    /// The points with their place on the axis, ascending; points at the same place in the order of the rows.
    pub points: Vec<(f64, &'a Point)>,
}

impl Panel<'_> {
    /// Whether a point ran on an adapter; on the CPU the three times are one.
    pub fn on_device(&self) -> bool {
        self.points.iter().any(|(_, point)| !point.on_cpu())
    }

    /// The variants in the order of their first row.
    pub fn variants(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (_, point) in &self.points {
            if !names.contains(&point.variant.as_str()) {
                names.push(&point.variant);
            }
        }
        names
    }

    /// The places on the axis, ascending, each once.
    pub fn places(&self) -> Vec<f64> {
        let mut places: Vec<f64> = self.points.iter().map(|(x, _)| *x).collect();
        places.dedup();
        places
    }

    /// The largest place that at least two thirds of the variants reached; the one that most reached where none is.
    pub fn largest_common(&self) -> Option<f64> {
        let count = |x: f64| self.points.iter().filter(|(at, _)| *at == x).count();
        let places = self.places();
        let most = places.iter().map(|x| count(*x)).max()?;
        places.into_iter().filter(|x| 3 * count(*x) >= 2 * most).max_by(f64::total_cmp)
    }
}

/// The panels of every op, in the order of the rows.
///
/// Sizes that are numbers and take the same value in every row of the op are one axis (m = n = k). Of several axes
/// that vary, the one with the most values becomes the horizontal one (the first, where several have as many), the
/// others divide the points into panels.
pub fn panels(points: &[Point]) -> Vec<Panel<'_>> {
    let mut ops: Vec<&str> = Vec::new();
    for point in points {
        if !ops.contains(&point.op.as_str()) {
            ops.push(&point.op);
        }
    }
    ops.into_iter().flat_map(|op| panels_of(op, points)).collect()
}

fn panels_of<'a>(op: &str, points: &'a [Point]) -> Vec<Panel<'a>> {
    let members: Vec<&Point> = points.iter().filter(|p| p.op == op).collect();
    let mut names: Vec<&str> = Vec::new();
    for point in &members {
        for (name, _) in &point.sizes {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let column = |name: &str| -> Vec<&str> { members.iter().map(|p| value(p, name)).collect() };
    let varies = |name: &str| column(name).windows(2).any(|w| w[0] != w[1]);
    let varying: Vec<&str> = names.iter().copied().filter(|n| varies(n)).collect();
    let mut axes: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for name in &varying {
        let values = column(name);
        match axes.iter_mut().find(|(_, v)| *v == values) {
            Some((group, _)) => group.push(name),
            None => axes.push((vec![name], values)),
        }
    }
    let numeric = |values: &[&str]| values.iter().all(|v| number(v).is_some());
    let distinct = |values: &[&str]| values.iter().collect::<BTreeSet<_>>().len();
    let mut best: Option<&(Vec<&str>, Vec<&str>)> = None;
    for axis in axes.iter().filter(|(_, v)| numeric(v)) {
        if best.is_none_or(|b| distinct(&axis.1) > distinct(&b.1)) {
            best = Some(axis);
        }
    }
    let horizontal: Vec<&str> = best.map(|(group, _)| group.clone()).unwrap_or_default();
    let dividing: Vec<&str> = varying.into_iter().filter(|n| !horizontal.contains(n)).collect();
    let mut order: Vec<Vec<(String, String)>> = Vec::new();
    let mut groups: BTreeMap<usize, Vec<(f64, &Point)>> = BTreeMap::new();
    for point in members {
        let fixed: Vec<_> =
            dividing.iter().map(|n| ((*n).to_string(), value(point, n).to_string())).collect();
        let at = order.iter().position(|f| *f == fixed).unwrap_or(order.len());
        if at == order.len() {
            order.push(fixed);
        }
        let x = horizontal.first().and_then(|n| number(value(point, n))).unwrap_or(1.0);
        groups.entry(at).or_default().push((x, point));
    }
    let axis: Vec<String> = horizontal.into_iter().map(str::to_string).collect();
    let mut panels = Vec::new();
    for (fixed, (_, mut points)) in order.into_iter().zip(groups) {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        panels.push(Panel { op: op.to_string(), axis: axis.clone(), fixed, points });
    }
    panels
}

fn value<'a>(point: &'a Point, name: &str) -> &'a str {
    point.sizes.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
}

/// A size that can stand on an axis: a positive finite number.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|x: &f64| x.is_finite() && *x > 0.0)
}
