//! A whole fit: the search, and the residual's own scale.
//!
//! - **Huber without a delta.** A search at 1e-3, once; then delta is 1.345 times the robust standard deviation of the
//!   residuals, at which Huber's function loses 5 % against squares on normal noise; the minima found are polished anew.
//!   Delta is not fitted together with the law: that ends at a delta near 0, whatever the data.
//! - **Many runs.** Minima are found on a part of them, and polished on all.
//! - **Sizes of residuals.** Huber's function over delta, at a delta that goes down from a tenth of the residuals' scale to
//!   1e-8 of it; the objective is that of the sizes.

use crate::control::{Control, Interrupted};
use crate::parallel::Crew;

use super::optimise::{Polished, polish};
use super::problem::{Problem, Room};
use super::residual::Penalty;
use super::search::{FINE, Found, Search, search};

/// The delta of published fits, and that of the first search.
pub const PUBLISHED_DELTA: f64 = 1e-3;
/// Times the standard deviation: 95 % efficient at normal noise.
const EFFICIENT: f64 = 1.345;

/// What came out.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The minima, the best first, and what the search saw.
    pub found: Found,
    /// The delta of the objective, if the residual takes one.
    pub delta: Option<f64>,
}

/// Fits `problem`, whose penalty is set to that of the answer. `delta` is for residuals that take one.
///
/// # Errors
///
/// [`Interrupted`] if the control says so.
pub fn fit(
    problem: &mut Problem,
    how: &Search,
    delta: Option<f64>,
    control: &Control,
) -> Result<Fitted, Interrupted> {
    let residual = problem.residual();
    if residual.takes_delta() {
        problem.set_penalty(residual.penalty(delta.unwrap_or(PUBLISHED_DELTA)));
        let mut found = find(problem, how, control)?;
        let delta = match delta {
            Some(delta) => delta,
            None => {
                let delta = own_delta(problem, &found.best.theta);
                problem.set_penalty(residual.penalty(delta));
                again(problem, &mut found, control)?;
                delta
            }
        };
        return Ok(Fitted { found, delta: Some(delta) });
    }
    let exact = residual.penalty(0.0);
    if !exact.is_absolute() {
        problem.set_penalty(exact);
        return Ok(Fitted { found: find(problem, how, control)?, delta: None });
    }
    problem.set_penalty(Penalty::smoothed(PUBLISHED_DELTA));
    let mut found = find(problem, how, control)?;
    let scale = own_delta(problem, &found.best.theta);
    for decade in 1..=8 {
        problem.set_penalty(Penalty::smoothed(scale * 10.0_f64.powi(-decade)));
        again(problem, &mut found, control)?;
    }
    let mut room = Room::default();
    let smooth = problem.penalty();
    problem.set_penalty(exact);
    for polished in found.others.iter_mut().chain([&mut found.best]) {
        polished.objective = problem.objective(&polished.theta, &mut room);
    }
    problem.set_penalty(smooth);
    found.evaluations += room.evaluations;
    Ok(Fitted { found, delta: None })
}

/// Runs beyond which a search looks at a part of them.
const MANY: usize = 8_192;

/// Searches; of many runs every so many-th is enough to find the minima with, which are then polished on all.
fn find(problem: &Problem, how: &Search, control: &Control) -> Result<Found, Interrupted> {
    let step = problem.rows() / MANY;
    if step < 2 {
        return search(problem, how, control);
    }
    let mut found = search(&problem.thinned(step), how, control)?;
    again(problem, &mut found, control)?;
    Ok(found)
}

/// 1.345 times 1.4826 times the median size of the residuals, those left out that the coefficients may have made small.
///
/// Not below 1e-9: residuals of data that a formula made are all 0.
#[must_use]
pub fn own_delta(problem: &Problem, theta: &[f64]) -> f64 {
    let mut room = Room::default();
    problem.objective(theta, &mut room);
    let weighted = room.residuals.iter().zip(problem.weights()).filter(|(_, w)| **w > 0.0);
    let mut sizes: Vec<f64> = weighted.map(|(r, _)| r.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let sizes = &sizes[problem.coefficients().min(sizes.len().saturating_sub(1))..];
    let median = match sizes.len() {
        0 => 0.0,
        n if n % 2 == 1 => sizes[n / 2],
        n => 0.5 * (sizes[n / 2 - 1] + sizes[n / 2]),
    };
    (EFFICIENT * 1.4826 * median).max(1e-9)
}

/// Polishes all minima under another penalty.
fn again(problem: &Problem, found: &mut Found, control: &Control) -> Result<(), Interrupted> {
    let minima: Vec<&Polished> = [&found.best].into_iter().chain(&found.others).collect();
    let mut rooms: Vec<Room> = Vec::new();
    let crew = Crew::if_worth(control, minima.len() * problem.rows() > 1_000);
    let mut polished = crew.map_with(
        minima.len(),
        &mut rooms,
        || Ok(Room::default()),
        |room, job| {
            control.check()?;
            Ok(polish(problem, &minima[job].theta, FINE, room))
        },
    )?;
    found.evaluations += rooms.iter().map(|room| room.evaluations).sum::<u64>();
    polished.sort_by(|a, b| a.objective.total_cmp(&b.objective));
    found.best = polished.remove(0);
    polished.retain(|p| p.objective <= 1.01 * found.best.objective);
    found.others = polished;
    Ok(())
}
