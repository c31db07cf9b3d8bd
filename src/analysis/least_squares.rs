//! Nonlinear least squares of few parameters: Levenberg, "A Method for the Solution of Certain Non-Linear Problems in
//! Least Squares" (1944), with the scaling of Marquardt, "An Algorithm for Least-Squares Estimation of Nonlinear
//! Parameters" (1963).

/// Steps after which a fit that still moves is taken as it is.
const MAX_STEPS: usize = 200;

/// A model of `P` parameters: at x, its value and its derivatives by the parameters.
pub(super) type Model<'a, const P: usize> = &'a dyn Fn(&[f64; P], f64) -> (f64, [f64; P]);

/// A fitted model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Solution<const P: usize> {
    pub(super) parameters: [f64; P],
    /// The sum of squared residuals.
    pub(super) rss: f64,
}

/// Fits the free parameters to points (x, y) from a start; the others keep their values. `None` where the start gives
/// no finite residuals.
pub(super) fn fit<const P: usize>(
    points: &[(f64, f64)],
    model: Model<'_, P>,
    start: [f64; P],
    free: &[bool; P],
) -> Option<Solution<P>> {
    let rss = |p: &[f64; P]| points.iter().map(|(x, y)| (y - model(p, *x).0).powi(2)).sum::<f64>();
    let mut best = Solution { parameters: start, rss: rss(&start) };
    if !best.rss.is_finite() {
        return None;
    }
    let mut damping = 1e-3;
    for _ in 0..MAX_STEPS {
        let (mut normal, gradient) = equations(points, model, &best.parameters, free);
        (0..P).for_each(|i| normal[i][i] *= 1.0 + damping);
        let Some(step) = solve(normal, gradient) else { break };
        let mut next = best.parameters;
        next.iter_mut().zip(step).for_each(|(p, s)| *p += s);
        let sum = rss(&next);
        if sum.is_finite() && sum <= best.rss {
            let settled = best.rss - sum <= 1e-15 * best.rss && damping < 1e-6;
            best = Solution { parameters: next, rss: sum };
            damping = (damping / 10.0).max(1e-12);
            if settled {
                break;
            }
        } else if damping > 1e12 {
            break;
        } else {
            damping *= 10.0;
        }
    }
    Some(best)
}

/// The standard errors of the free parameters, from the curvature at the solution: s^2 (J^T J)^-1, s^2 the residual
/// variance. 0 for the others. `None` without a degree of freedom, or where the points cannot tell parameters apart.
pub(super) fn standard_errors<const P: usize>(
    points: &[(f64, f64)],
    model: Model<'_, P>,
    solution: &Solution<P>,
    free: &[bool; P],
) -> Option<[f64; P]> {
    let used = free.iter().filter(|f| **f).count();
    let degrees = points.len().checked_sub(used).filter(|d| *d > 0)?;
    let variance = solution.rss / degrees as f64;
    let (normal, _) = equations(points, model, &solution.parameters, free);
    let mut errors = [0.0; P];
    for i in (0..P).filter(|i| free[*i]) {
        let mut unit = [0.0; P];
        unit[i] = 1.0;
        errors[i] = (variance * solve(normal, unit)?[i]).max(0.0).sqrt();
    }
    Some(errors)
}

/// J^T J and J^T r. A parameter that is not free has a row of its own with a one, and no step.
fn equations<const P: usize>(
    points: &[(f64, f64)],
    model: Model<'_, P>,
    parameters: &[f64; P],
    free: &[bool; P],
) -> ([[f64; P]; P], [f64; P]) {
    let (mut normal, mut gradient) = ([[0.0; P]; P], [0.0; P]);
    for (x, y) in points {
        let (value, slopes) = model(parameters, *x);
        for i in (0..P).filter(|i| free[*i]) {
            gradient[i] += slopes[i] * (y - value);
            for j in (0..P).filter(|j| free[*j]) {
                normal[i][j] += slopes[i] * slopes[j];
            }
        }
    }
    for i in (0..P).filter(|i| !free[*i]) {
        normal[i][i] = 1.0;
    }
    (normal, gradient)
}

/// Solves a symmetric system by elimination with pivots, after scaling its diagonal to 1: parameters differ by orders
/// of magnitude. `None` where it is singular.
fn solve<const P: usize>(matrix: [[f64; P]; P], right: [f64; P]) -> Option<[f64; P]> {
    let mut scale = [0.0; P];
    for i in 0..P {
        scale[i] = matrix[i][i].sqrt();
        if !scale[i].is_normal() {
            return None;
        }
    }
    let (mut a, mut b) = (matrix, right);
    for i in 0..P {
        b[i] /= scale[i];
        (0..P).for_each(|j| a[i][j] /= scale[i] * scale[j]);
    }
    for column in 0..P {
        let pivot = (column..P).max_by(|i, j| a[*i][column].abs().total_cmp(&a[*j][column].abs()))?;
        if a[pivot][column].abs() < 1e-14 {
            return None;
        }
        a.swap(column, pivot);
        b.swap(column, pivot);
        for row in column + 1..P {
            let factor = a[row][column] / a[column][column];
            (column..P).for_each(|j| a[row][j] -= factor * a[column][j]);
            b[row] -= factor * b[column];
        }
    }
    for row in (0..P).rev() {
        let known: f64 = (row + 1..P).map(|j| a[row][j] * b[j]).sum();
        b[row] = (b[row] - known) / a[row][row];
    }
    (0..P).for_each(|i| b[i] /= scale[i]);
    b.iter().all(|v| v.is_finite()).then_some(b)
}
