//! One polish: from a point to the minimum that it leads to, in all coefficients, bounds never left.
//!
//! ```text
//! repeat:
//!     step := argmin over p within bounds of
//!                 sum_i w_i rho(r_i + (J p)_i)  +  p' S p / 2  +  lambda |D p|**2 / 2
//!     trial := theta + step, its linear coefficients solved for anew
//!     if it is better: go there, and trust the model more; else trust it less (lambda)
//! ```
//!
//! Residuals are taken for linear in the coefficients, the penalty is kept as it is: with Huber's function the inner
//! problem is piecewise quadratic and solved by Newton's method with an exact line search, so a small delta costs inner
//! steps and no evaluations (Levenberg and Marquardt for squares; Madsen and Nielsen for Huber's function). S is the
//! curvature of the residuals themselves, by differences of derivatives, and used near the minimum alone, where it makes
//! steps converge quadratically although residuals are not small. Solving for the linear coefficients anew takes steps
//! along the curved valley in which an amplitude and its exponent make up for each other (Ruhe and Wedin).

use nalgebra::DMatrix;

use super::problem::{Problem, Room};
use super::quadratic::{dot, gram, minimum, sum};
use super::residual::Penalty;

/// How far a polish goes.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// It ends when steps gain less than this share of the objective.
    pub tolerance: f64,
    /// At most so many steps.
    pub steps: usize,
    /// Whether the curvature of the residuals is used near the end.
    pub curvature: bool,
}

/// Where a polish ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Polished {
    /// The coefficients.
    pub theta: Vec<f64>,
    /// The objective there.
    pub objective: f64,
    /// Whether the last steps gained nothing more, as opposed to steps running out.
    pub converged: bool,
}

/// Damping beyond which no step is long enough to matter.
const STUCK: f64 = 1e14;

/// Polishes `start`, which is within bounds.
#[must_use]
pub fn polish(problem: &Problem, start: &[f64], effort: Effort, room: &mut Room) -> Polished {
    let count = problem.coefficients();
    let mut theta = start.to_vec();
    let mut objective = problem.derive(&theta, room);
    let mut here = Linear::take(room);
    let (mut damping, mut growth, mut quiet) = (1e-3, 4.0, 0);
    let mut converged = false;
    let mut curvature: Option<DMatrix<f64>> = None;
    for _ in 0..effort.steps {
        if !objective.is_finite() || objective <= f64::MIN_POSITIVE {
            converged = objective.is_finite();
            break;
        }
        let metric = here.metric(problem, room);
        let (step, predicted) = here.step(problem, &theta, damping, &metric, curvature.as_ref(), room);
        let mut trial: Vec<f64> = (0..count)
            .map(|i| {
                let (low, high) = problem.bounds(i);
                (theta[i] + step[i]).clamp(low, high)
            })
            .collect();
        if predicted <= 1e-3 * effort.tolerance * objective {
            quiet += 1;
            if quiet >= 2 || damping < 1e-8 {
                converged = true;
                break;
            }
            damping = (damping * 1e-3).max(1e-10);
            continue;
        }
        let reached = problem.project(&mut trial, true, 2, room);
        if reached < objective {
            let gain = (objective - reached) / predicted;
            damping = if gain > 0.75 {
                (damping / 8.0).max(1e-12)
            } else if gain < 0.25 {
                damping * 3.0
            } else {
                damping
            };
            growth = 4.0;
            let won = (objective - reached) / objective;
            theta = trial;
            objective = problem.derive(&theta, room).min(reached);
            here = Linear::take(room);
            quiet = if won < effort.tolerance { quiet + 1 } else { 0 };
            if quiet >= 2 {
                converged = true;
                break;
            }
            curvature = (effort.curvature && won < 0.03).then(|| second(problem, &theta, &here, room));
        } else {
            damping *= growth;
            growth *= 2.0;
            if damping > STUCK {
                converged = true;
                break;
            }
        }
    }
    Polished { theta, objective, converged }
}

/// For each coefficient, how large a change of residuals a change of it by its own size makes, as a share of the size of
/// the residuals: next to nothing where it does not matter.
#[must_use]
pub fn effects(problem: &Problem, theta: &[f64], room: &mut Room) -> Vec<f64> {
    problem.derive(theta, room);
    let here = Linear::take(room);
    let metric = here.metric(problem, room);
    let penalty = problem.penalty();
    let square = |(&r, &w): (&f64, &f64)| if w == 0.0 { 0.0 } else { w * penalty.weight(r) * r * r };
    let size = sum(here.residuals.iter().zip(problem.weights()).map(square));
    let effect =
        |(metric, theta): (f64, &f64)| (metric / size.max(f64::MIN_POSITIVE)).sqrt() * theta.abs().max(1e-3);
    metric.into_iter().zip(theta).map(effect).collect()
}

/// The residuals at a point, linear in the coefficients.
#[derive(Debug)]
struct Linear {
    residuals: Vec<f64>,
    derivatives: Vec<f64>,
}

impl Linear {
    fn take(room: &mut Room) -> Self {
        Self {
            residuals: std::mem::take(&mut room.residuals),
            derivatives: std::mem::take(&mut room.derivatives),
        }
    }

    fn columns(&self) -> std::slice::ChunksExact<'_, f64> {
        self.derivatives.chunks_exact(self.residuals.len().max(1))
    }

    /// What a unit step in each coefficient is worth.
    fn metric(&self, problem: &Problem, room: &mut Room) -> Vec<f64> {
        room.weighted.clear();
        let penalty = problem.penalty();
        let weight = |(&r, &w): (&f64, &f64)| if w == 0.0 { 0.0 } else { w * penalty.weight(r) };
        room.weighted.extend(self.residuals.iter().zip(problem.weights()).map(weight));
        let room = &*room;
        let square = |column: &[f64]| sum(column.iter().zip(&room.weighted).map(|(x, w)| w * x * x));
        self.columns().map(square).collect()
    }

    /// The best step within bounds, and how much it should gain.
    fn step(
        &self,
        problem: &Problem,
        theta: &[f64],
        damping: f64,
        metric: &[f64],
        curvature: Option<&DMatrix<f64>>,
        room: &mut Room,
    ) -> (Vec<f64>, f64) {
        let count = theta.len();
        let penalty = problem.penalty();
        let largest = metric.iter().copied().fold(0.0, f64::max);
        let mut model = curvature.cloned().unwrap_or_else(|| DMatrix::zeros(count, count));
        for i in 0..count {
            model[(i, i)] += damping * metric[i].max(1e-30 * largest);
        }
        let mut step = vec![0.0; count];
        let mut moved = self.residuals.clone();
        let mut h = DMatrix::zeros(count, count);
        let mut gained = 0.0;
        let rounds = if penalty.is_quadratic() { 1 } else { 24 };
        for round in 0..rounds {
            self.weigh(problem, penalty, &moved, round, room);
            gram(&self.derivatives, &room.weighted, &mut room.products, &mut h);
            h += &model;
            room.along.clear();
            let slope = |(&r, &w): (&f64, &f64)| if w == 0.0 { 0.0 } else { w * penalty.psi(r) };
            room.along.extend(moved.iter().zip(problem.weights()).map(slope));
            let bend = |i: usize| (0..count).map(|j| model[(i, j)] * step[j]).sum::<f64>();
            let g: Vec<f64> =
                self.columns().enumerate().map(|(i, column)| dot(column, &room.along) + bend(i)).collect();
            let (low, high): (Vec<f64>, Vec<f64>) = (0..count)
                .map(|i| {
                    let (low, high) = problem.bounds(i);
                    ((low - theta[i] - step[i]).min(0.0), (high - theta[i] - step[i]).max(0.0))
                })
                .unzip();
            let mut more = vec![0.0; count];
            if !minimum(&h, &g, &low, &high, &mut more) && more.iter().all(|&x| x == 0.0) {
                if curvature.is_some() {
                    return self.step(problem, theta, damping, metric, None, room);
                }
                break;
            }
            // The change of each residual.
            room.along.fill(0.0);
            for (column, &x) in self.columns().zip(&more) {
                if x != 0.0 {
                    room.along.iter_mut().zip(column).for_each(|(along, d)| *along += x * d);
                }
            }
            let share = if penalty.is_quadratic() || round == 0 {
                1.0
            } else {
                let bent: f64 = (0..count).map(|i| more[i] * bend(i)).sum();
                let bends: f64 = (0..count)
                    .map(|i| more[i] * (0..count).map(|j| model[(i, j)] * more[j]).sum::<f64>())
                    .sum();
                line(problem, penalty, &moved, &room.along, bent, bends)
            };
            for (x, more) in step.iter_mut().zip(&more) {
                *x += share * more;
            }
            for (r, along) in moved.iter_mut().zip(&room.along) {
                *r += share * along;
            }
            let before = gained;
            gained = self.gain(problem, &moved, &step, &model);
            if gained - before <= 1e-4 * gained.abs() && round > 0 {
                break;
            }
        }
        // The damping is not part of what is expected.
        for i in 0..count {
            model[(i, i)] -= damping * metric[i].max(1e-30 * largest);
        }
        let predicted = self.gain(problem, &moved, &step, &model);
        if curvature.is_some() && predicted <= 0.0 {
            return self.step(problem, theta, damping, metric, None, room);
        }
        (step, predicted)
    }

    fn gain(&self, problem: &Problem, moved: &[f64], step: &[f64], model: &DMatrix<f64>) -> f64 {
        let penalty = problem.penalty();
        // Summed as differences: near the end they are far smaller than the sums.
        let change = |((&r, &moved), &w): ((&f64, &f64), &f64)| {
            if w == 0.0 { 0.0 } else { w * difference(penalty, r, moved) }
        };
        let cost = sum(self.residuals.iter().zip(moved).zip(problem.weights()).map(change));
        let count = step.len();
        let bend: f64 =
            (0..count).map(|i| step[i] * (0..count).map(|j| model[(i, j)] * step[j]).sum::<f64>()).sum();
        cost - 0.5 * bend
    }

    /// Weights of the squares that stand for the penalty in one inner step: at first those with the same slope, which
    /// always lead down; then the penalty's own curvature, with a little of the former so that the rest is determined.
    fn weigh(&self, problem: &Problem, penalty: Penalty, moved: &[f64], round: usize, room: &mut Room) {
        room.weighted.clear();
        let weight = |(&r, &w): (&f64, &f64)| {
            if w == 0.0 {
                0.0
            } else if round == 0 {
                w * penalty.weight(r)
            } else {
                w * (penalty.curvature(r) + 1e-3 * penalty.weight(r))
            }
        };
        room.weighted.extend(moved.iter().zip(problem.weights()).map(weight));
    }
}

/// `rho(a) - rho(b)` without cancellation where both are quadratic.
fn difference(penalty: Penalty, a: f64, b: f64) -> f64 {
    if a.abs() <= penalty.delta && b.abs() <= penalty.delta {
        0.5 * penalty.curvature(a) * (a - b) * (a + b)
    } else {
        penalty.rho(a) - penalty.rho(b)
    }
}

/// The share of a step, at most all of it, at which the cost along it is least: where its slope, which never falls,
/// is 0. `bent` and `bends` are the slope's other summands.
fn line(problem: &Problem, penalty: Penalty, moved: &[f64], along: &[f64], bent: f64, bends: f64) -> f64 {
    let slope = |t: f64| {
        let terms = moved.iter().zip(along).zip(problem.weights());
        let term = |((&r, &u), &w): ((&f64, &f64), &f64)| {
            if w == 0.0 { 0.0 } else { w * penalty.psi(r + t * u) * u }
        };
        sum(terms.map(term)) + bent + t * bends
    };
    let (mut low, mut high, mut at_low, mut at_high) = (0.0, 1.0, slope(0.0), slope(1.0));
    if at_high <= 0.0 {
        return 1.0;
    }
    if at_low >= 0.0 {
        return 0.0;
    }
    let tolerance = 1e-6 * at_low.abs();
    for _ in 0..40 {
        // Regula falsi; the end that stays twice counts half (Illinois).
        let middle = (low * at_high - high * at_low) / (at_high - at_low);
        let middle = if middle > low && middle < high { middle } else { 0.5 * (low + high) };
        let found = slope(middle);
        if found.abs() <= tolerance || high - low < 1e-12 {
            return middle;
        }
        if found < 0.0 {
            (low, at_low) = (middle, found);
            at_high *= 0.5;
        } else {
            (high, at_high) = (middle, found);
            at_low *= 0.5;
        }
    }
    low
}

/// `sum_i w_i psi(r_i) * (second derivatives of r_i)`, by differences of first derivatives.
fn second(problem: &Problem, theta: &[f64], here: &Linear, room: &mut Room) -> DMatrix<f64> {
    let count = theta.len();
    let penalty = problem.penalty();
    let slope = |(&r, &w): (&f64, &f64)| if w == 0.0 { 0.0 } else { w * penalty.psi(r) };
    let slopes: Vec<f64> = here.residuals.iter().zip(problem.weights()).map(slope).collect();
    let at = |derivatives: &[f64]| -> Vec<f64> {
        derivatives.chunks_exact(slopes.len()).map(|column| dot(column, &slopes)).collect()
    };
    let base = at(&here.derivatives);
    let mut matrix = DMatrix::zeros(count, count);
    for i in 0..count {
        let (low, high) = problem.bounds(i);
        if low == high {
            continue;
        }
        let width = 1e-6 * theta[i].abs().max(1e-4);
        let mut moved = theta.to_vec();
        moved[i] = if theta[i] + width > high { theta[i] - width } else { theta[i] + width };
        let width = moved[i] - theta[i];
        problem.derive(&moved, room);
        for (j, (there, base)) in at(&room.derivatives).into_iter().zip(&base).enumerate() {
            let change = (there - base) / width;
            let change = if change.is_finite() { change } else { 0.0 };
            matrix[(i, j)] += 0.5 * change;
            matrix[(j, i)] += 0.5 * change;
        }
    }
    matrix
}
