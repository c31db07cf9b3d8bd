//! What a point is called among others: the sizes that tell it apart.

use crate::analysis::points::Point;

/// The sizes in which the points differ; those that are equal in this one share a value, as in `m = n = k = 512`. Empty where
/// they differ in none.
pub(super) fn told_apart(point: &Point, points: &[&Point]) -> String {
    let value = |p: &Point, name: &str| p.sizes.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let varies = |name: &str| points.iter().any(|p| value(p, name) != value(point, name));
    // Columns that are equal in every point are one: the side of a square, the width of a window.
    let twin = |a: &str, b: &str| points.iter().all(|p| value(p, a) == value(p, b));
    let mut groups: Vec<(Vec<&str>, &str)> = Vec::new();
    for (name, shown) in point.sizes.iter().filter(|(name, _)| varies(name)) {
        match groups.iter_mut().find(|(names, _)| names.first().is_some_and(|first| twin(first, name))) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], shown)),
        }
    }
    let words: Vec<String> =
        groups.into_iter().map(|(names, shown)| format!("{} = {shown}", names.join(" = "))).collect();
    words.join(", ")
}
