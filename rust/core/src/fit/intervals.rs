//! How well coefficients are determined: profiles, the jackknife by run, the bootstrap by run.
//!
//! Runs are independent, rows of one run are not: `groups` says which rows are one run. With S the objective, n rows, p
//! coefficients and G runs, a value q of a coefficient is inside its interval when
//!
//! ```text
//! min over the others of S(q)  <=  S_min + t**2 * kappa * u / 2
//! u     = sum(psi**2) / (n - p) / mean(psi')                    2 S_min / (n - p) for squares
//! kappa = max(1, (standard error by the jackknife / that of the model)**2)
//! t     = Student's quantile, G - 1 degrees of freedom
//! ```
//!
//! so noise that is not the same in all runs, or shared by the rows of one, widens what the model alone would say. The
//! standard error of the model is that of the quadratic at the minimum: `u * inverse(mean(psi') * J'WJ)`. Positive
//! coefficients are compared in logarithms. An end that the objective never reaches is the bound, or infinite.

use nalgebra::DMatrix;

use crate::control::{Control, Interrupted};
use crate::parallel::Crew;
use crate::value::scalar;

use super::optimise::{Effort, polish};
use super::problem::{Problem, Room};
use super::quadratic::sum;
use super::starts::Random;
use super::structure::Role;
use super::student;

/// Refits begin next to their end.
const REFIT: Effort = Effort { tolerance: 1e-9, steps: 60, curvature: true };

/// The interval of one coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end; the bound, or minus infinity (0 for one that is positive), where the runs set none.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Whether the runs set the lower end.
    pub low_set: bool,
    /// Whether the runs set the upper end.
    pub high_set: bool,
    /// The factor by which the limit was widened.
    pub kappa: f64,
}

/// Standard errors of the quadratic at the minimum.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// The covariance of the coefficients, row by row; rows and columns of those that stand still are 0.
    pub covariance: Vec<f64>,
    /// See the [module](self).
    pub unit: f64,
}

/// Which coefficients a fit may move.
#[must_use]
pub fn moving(problem: &Problem) -> Vec<usize> {
    let read = |&c: &usize| problem.structure().roles[c] != Role::Unread;
    let free = |&c: &usize| problem.bounds(c).0 < problem.bounds(c).1;
    (0..problem.coefficients()).filter(read).filter(free).collect()
}

/// The covariance at `theta`.
///
/// A coefficient at its bound stands still there. Directions that the runs do not determine at all (beyond 1e-13 of the
/// best determined one) have a variance to match, not an infinite one.
#[must_use]
pub fn spread(problem: &Problem, theta: &[f64]) -> Spread {
    let mut room = Room::default();
    problem.derive(theta, &mut room);
    let count = problem.coefficients();
    let rows = problem.rows();
    let free: Vec<usize> = moving(problem)
        .into_iter()
        .filter(|&c| theta[c] > problem.bounds(c).0 && theta[c] < problem.bounds(c).1)
        .collect();
    let penalty = problem.penalty();
    let counted: Vec<usize> = (0..rows).filter(|&row| problem.weights()[row] > 0.0).collect();
    let total = |of: &dyn Fn(usize) -> f64| sum(counted.iter().map(|&row| of(row)));
    let weight = |row: usize| problem.weights()[row];
    let weights = total(&weight);
    let curvature = total(&|row| weight(row) * penalty.curvature(room.residuals[row])) / weights;
    let slopes = total(&|row| weight(row) * penalty.psi(room.residuals[row]).powi(2));
    let freedom = (counted.len() as f64 - moving(problem).len() as f64).max(1.0);
    let unit = slopes / freedom / curvature.max(1e-12);
    // Columns of unit length, so that scales do not decide what counts as undetermined.
    let root = |row: usize| (weight(row) * curvature.max(1e-12)).sqrt();
    let columns: Vec<Vec<f64>> = free
        .iter()
        .map(|&c| counted.iter().map(|&row| room.derivatives[c * rows + row] * root(row)).collect())
        .collect();
    let lengths: Vec<f64> = columns.iter().map(|column| sum(column.iter().map(|x| x * x)).sqrt()).collect();
    let length = |i: usize| if lengths[i] > 0.0 { lengths[i] } else { 1.0 };
    let scaled = DMatrix::from_fn(counted.len(), free.len(), |row, i| columns[i][row] / length(i));
    let mut covariance = vec![0.0; count * count];
    if !free.is_empty() && counted.len() >= free.len() {
        let triangle = scaled.qr().r();
        let decomposed = triangle.svd(false, true);
        let turned = decomposed.v_t.expect("it was asked for");
        let largest = decomposed.singular_values.max();
        for (a, &c) in free.iter().enumerate() {
            for (b, &d) in free.iter().enumerate() {
                let share = |i: usize| {
                    let size = decomposed.singular_values[i].max(1e-13 * largest).max(f64::MIN_POSITIVE);
                    turned[(i, a)] / size * (turned[(i, b)] / size)
                };
                let product: f64 = (0..free.len()).map(share).sum();
                covariance[c * count + d] = unit * product / (length(a) * length(b));
            }
        }
    }
    Spread { covariance, unit }
}

/// One worker of many refits.
struct Worker {
    problem: Problem,
    room: Room,
}

impl Worker {
    fn new(problem: &Problem) -> Self {
        Self { problem: problem.clone(), room: Room::default() }
    }
}

/// How many runs there are: groups are numbered from 0.
fn runs(groups: &[u32]) -> usize {
    groups.iter().max().map_or(0, |&last| last as usize + 1)
}

/// The coefficients without each run in turn, row by row. A run without weight changes nothing.
///
/// # Errors
///
/// [`Interrupted`] if the control says so.
pub fn jackknife(
    problem: &Problem,
    theta: &[f64],
    groups: &[u32],
    control: &Control,
) -> Result<Vec<Vec<f64>>, Interrupted> {
    let count = runs(groups);
    let crew = Crew::if_worth(control, count * problem.rows() > 2_000);
    crew.map_with(
        count,
        &mut Vec::new(),
        || Ok(Worker::new(problem)),
        |worker, run| {
            control.check()?;
            let weights = problem.weights().iter().zip(groups);
            let weights = weights.map(|(&w, &group)| if group as usize == run { 0.0 } else { w });
            worker.problem.set_weights(weights.collect());
            Ok(polish(&worker.problem, theta, REFIT, &mut worker.room).theta)
        },
    )
}

/// Whether a coefficient is compared in logarithms: it is positive, and cannot be anything else.
fn logarithmic(problem: &Problem, theta: &[f64], coefficient: usize) -> bool {
    theta[coefficient] > 0.0 && problem.bounds(coefficient).0 >= 0.0
}

/// How much wider intervals are by the jackknife, for each coefficient.
#[must_use]
pub fn kappas(problem: &Problem, theta: &[f64], spread: &Spread, without: &[Vec<f64>]) -> Vec<f64> {
    let runs = without.len() as f64;
    let count = problem.coefficients();
    (0..count)
        .map(|c| {
            let logs = logarithmic(problem, theta, c) && without.iter().all(|theta| theta[c] > 0.0);
            let value = |x: f64| if logs { scalar::log(x) } else { x };
            let mean = without.iter().map(|theta| value(theta[c])).sum::<f64>() / runs;
            let squares = without.iter().map(|theta| (value(theta[c]) - mean).powi(2)).sum::<f64>();
            let jackknife = squares * (runs - 1.0) / runs;
            let model = spread.covariance[c * count + c] / if logs { theta[c] * theta[c] } else { 1.0 };
            if model > 0.0 && jackknife.is_finite() { (jackknife / model).max(1.0) } else { 1.0 }
        })
        .collect()
}

/// The intervals of all coefficients at a level such as 0.9.
///
/// # Errors
///
/// [`Interrupted`] if the control says so.
pub fn profile(
    problem: &Problem,
    theta: &[f64],
    spread: &Spread,
    kappas: &[f64],
    runs: usize,
    level: f64,
    control: &Control,
) -> Result<Vec<Interval>, Interrupted> {
    let quantile = student::quantile(0.5 + 0.5 * level, runs as f64 - 1.0);
    let count = problem.coefficients();
    let moving = moving(problem);
    let least = problem.objective(theta, &mut Room::default());
    let crew = Crew::if_worth(control, count * problem.rows() > 200);
    // Two ends for each coefficient, in jobs of their own.
    let ends = crew.map_with(
        2 * count,
        &mut Vec::new(),
        || Ok(Worker::new(problem)),
        |worker, job| {
            control.check()?;
            let (coefficient, upwards) = (job / 2, job % 2 == 1);
            if !moving.contains(&coefficient) {
                return Ok((theta[coefficient], true));
            }
            let variance = spread.covariance[coefficient * count + coefficient];
            let limit = 0.5 * quantile * quantile * kappas[coefficient] * spread.unit;
            let side = Side {
                problem,
                theta,
                coefficient,
                upwards,
                least,
                limit,
                // Where nothing else is known the first step is a tenth.
                step: (
                    quantile * (kappas[coefficient] * variance).sqrt(),
                    0.1 * theta[coefficient].abs().max(1e-3),
                ),
            };
            let end = side.end(worker);
            let (low, high) = problem.bounds(coefficient);
            worker.problem.set_bounds(coefficient, low, high);
            Ok(end)
        },
    )?;
    let interval = |c: usize| {
        let ((low, low_set), (high, high_set)) = (ends[2 * c], ends[2 * c + 1]);
        Interval { low, high, low_set, high_set, kappa: kappas[c] }
    };
    Ok((0..count).map(interval).collect())
}

/// One end of an interval.
struct Side<'a> {
    problem: &'a Problem,
    theta: &'a [f64],
    coefficient: usize,
    upwards: bool,
    least: f64,
    limit: f64,
    step: (f64, f64),
}

impl Side<'_> {
    /// Where the least objective crosses the limit; false where it never does, before the bound or infinity.
    ///
    /// The root of the excess is nearly linear in the distance, so that a secant from 0 gets there in a few refits.
    fn end(&self, worker: &mut Worker) -> (f64, bool) {
        /// Beyond so many times the estimate, or that part of it, nothing is determined.
        const FAR: f64 = 1e6;
        let centre = self.theta[self.coefficient];
        let (low, high) = self.problem.bounds(self.coefficient);
        let logs = logarithmic(self.problem, self.theta, self.coefficient);
        let forth = |x: f64| if logs { scalar::log(x) } else { x };
        let back = |x: f64| if logs { scalar::exp(x) } else { x };
        let sign = if self.upwards { 1.0 } else { -1.0 };
        let bound = if self.upwards { high } else { low };
        let open = match (logs, self.upwards) {
            (true, true) => scalar::log(FAR),
            (true, false) => scalar::log(FAR),
            _ => FAR * centre.abs().max(1.0),
        };
        let most = if bound.is_finite() && (!logs || bound > 0.0) {
            (sign * (forth(bound) - forth(centre))).min(open)
        } else {
            open
        };
        if most <= 0.0 {
            return (centre, false);
        }
        let scale = if logs { 1.0 / centre } else { 1.0 };
        let known = self.step.0 * scale;
        let mut distance = if known.is_finite() && known > 0.0 { known } else { self.step.1 * scale };
        distance = distance.min(most);
        let (mut inside, mut outside): ((f64, f64), Option<(f64, f64)>) = ((0.0, 0.0), None);
        let mut start = self.theta.to_vec();
        for _ in 0..60 {
            let value = back(forth(centre) + sign * distance).clamp(low, high);
            let (height, theta) = self.height(worker, &start, value);
            if height.is_finite() {
                start = theta;
            }
            if (height - 1.0).abs() < 1e-4 {
                return (value, true);
            }
            if height < 1.0 {
                if distance >= most {
                    let end = match (bound.is_finite(), logs, self.upwards) {
                        (true, ..) => bound,
                        (_, true, false) => 0.0,
                        _ => sign * f64::INFINITY,
                    };
                    return (end, false);
                }
                inside = (distance, height.max(inside.1));
            } else {
                outside = Some((distance, height));
            }
            distance = match outside {
                // Never more than four times as far at once.
                None if height > 0.0 => {
                    (distance / height * 1.02).clamp(distance * 1.1, distance * 4.0).min(most)
                }
                None => (distance * 4.0).min(most),
                Some((far, at_far)) => {
                    let (near, at_near) = inside;
                    let share = ((1.0 - at_near) / (at_far.min(1e3) - at_near)).clamp(0.05, 0.95);
                    if far - near < 1e-7 * far {
                        return (value, true);
                    }
                    near + share * (far - near)
                }
            };
        }
        (back(forth(centre) + sign * inside.0), true)
    }

    /// The root of the excess at a value, in units of the limit's.
    fn height(&self, worker: &mut Worker, start: &[f64], value: f64) -> (f64, Vec<f64>) {
        worker.problem.set_bounds(self.coefficient, value, value);
        let mut theta = start.to_vec();
        theta[self.coefficient] = value;
        let known = worker.problem.project(&mut theta, true, 3, &mut worker.room);
        if !known.is_finite() {
            theta = self.theta.to_vec();
            theta[self.coefficient] = value;
        }
        let polished = polish(&worker.problem, &theta, REFIT, &mut worker.room);
        let excess = ((polished.objective - self.least) / self.limit).max(0.0);
        (excess.sqrt(), polished.theta)
    }
}

/// Draws of the coefficients, and which of them the resample did not determine.
#[derive(Debug, Clone, PartialEq)]
pub struct Draws {
    /// The coefficients, one draw after the other.
    pub theta: Vec<Vec<f64>>,
    /// For each draw, whether its refit did not come to an end, or had fewer distinct runs than coefficients.
    pub undetermined: Vec<bool>,
}

/// Refits to runs drawn with replacement, stretched about `theta` by the root of G/(G - p), positive coefficients in
/// logarithms, so that draws spread as much as estimates do.
///
/// # Errors
///
/// [`Interrupted`] if the control says so.
pub fn bootstrap(
    problem: &Problem,
    theta: &[f64],
    groups: &[u32],
    draws: usize,
    seed: u64,
    control: &Control,
) -> Result<Draws, Interrupted> {
    let count = runs(groups);
    let coefficients = moving(problem).len();
    let stretch =
        if count > coefficients { (count as f64 / (count - coefficients) as f64).sqrt() } else { 1.0 };
    let logs: Vec<bool> = (0..theta.len()).map(|c| logarithmic(problem, theta, c)).collect();
    let crew = Crew::if_worth(control, draws * problem.rows() > 1_000);
    control.begin(draws as u64);
    let make = || Ok((Worker::new(problem), vec![0_u32; count]));
    let drawn = crew.map_with(draws, &mut Vec::new(), make, |(worker, times), draw| {
        control.check()?;
        let mut random = Random::new(seed, 1 + draw as u64);
        times.fill(0);
        for _ in 0..count {
            times[random.below(count)] += 1;
        }
        let weights = problem.weights().iter().zip(groups);
        let weights = weights.map(|(&w, &group)| w * f64::from(times[group as usize]));
        worker.problem.set_weights(weights.collect());
        let polished = polish(&worker.problem, theta, REFIT, &mut worker.room);
        control.advance(1);
        let distinct = times.iter().filter(|&&times| times > 0).count();
        let stretched = (0..theta.len()).map(|c| {
            let (from, to) = (theta[c], polished.theta[c]);
            let (low, high) = problem.bounds(c);
            let moved = if logs[c] && to > 0.0 {
                from * scalar::exp(stretch * scalar::log(to / from))
            } else {
                from + stretch * (to - from)
            };
            moved.clamp(low, high)
        });
        Ok((stretched.collect(), !polished.converged || distinct < coefficients))
    })?;
    let (theta, undetermined) = drawn.into_iter().unzip();
    Ok(Draws { theta, undetermined })
}
