//! The search for the best minimum, from no starting values.
//!
//! ```text
//! at each point of an even set over the coefficients that are not linear:  solve for the linear ones
//! the best well-separated points are polished in all coefficients
//! rounds: the best is perturbed and polished again, until some rounds bring nothing
//! the best is polished to the end
//! ```
//!
//! It is a heuristic, and says what it saw: how many polishes ended at the best objective, and which other minima come
//! near. Jobs are numbered and merged in order, random numbers belong to a job: the same bits on any number of threads.

use crate::control::{Control, Interrupted};
use crate::parallel::Crew;

use super::optimise::{Effort, Polished, effects, polish};
use super::problem::{Problem, Room};
use super::starts::{Random, Range, point};

/// How a search is made.
#[derive(Debug, Clone)]
pub struct Search {
    /// Where starts of each coefficient are drawn; read for those that are not linear.
    pub ranges: Vec<Range>,
    /// Shifts the starts and chooses the perturbations.
    pub seed: u64,
    /// How many points the first set has; 0 chooses by the number of coefficients that are not linear.
    pub points: usize,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The best minimum.
    pub best: Polished,
    /// The lowest point of every other minimum whose objective is within 1 % of the best.
    pub others: Vec<Polished>,
    /// How many starts were polished, and how many of these polishes ended at the best objective.
    pub polishes: usize,
    /// See `polishes`.
    pub at_best: usize,
    /// Rounds of perturbation.
    pub rounds: usize,
    /// How often the formula was computed over all runs.
    pub evaluations: u64,
}

/// Objectives closer than this are the same minimum, as far as a search tells.
const SAME: f64 = 1e-6;
/// Perturbed points of a round.
const ROUND: usize = 8;
/// Most rounds of perturbation.
const ROUNDS: usize = 100;
/// Minima that are polished to the end.
const FINISHED: usize = 6;

pub(super) const COARSE: Effort = Effort { tolerance: 1e-7, steps: 60, curvature: false };
pub(super) const FINE: Effort = Effort { tolerance: 1e-13, steps: 300, curvature: true };

/// How many points there are after each stage, and how many of them are polished in it. A search goes on to the next
/// stage while polishes do not agree.
fn stages(dimensions: usize, points: usize) -> Vec<(usize, usize)> {
    let stages: &[(usize, usize)] = match dimensions {
        0 => &[(1, 1)],
        1 => &[(16, 4), (64, 6)],
        2 => &[(32, 6), (256, 8)],
        _ => &[(64, 6), (256, 8), (1024, 12), (4096, 32)],
    };
    let mut stages = stages.to_vec();
    if dimensions > 0 && points > 0 {
        stages.retain(|stage| stage.0 < points);
        stages.push((points, 12));
    }
    stages
}

/// Where a round starts from: mostly the best, and the best of other minima.
fn bases(polished: &[Polished], round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..polished.len()).collect();
    order.sort_by(|&a, &b| polished[a].objective.total_cmp(&polished[b].objective).then(a.cmp(&b)));
    let best = polished[order[0]].objective;
    let other = order.iter().copied().filter(|&i| polished[i].objective > best * (1.0 + 1e-4)).nth(round % 3);
    match other {
        Some(other) => vec![order[0], order[0], order[0], other],
        None => vec![order[0]],
    }
}

/// What all steps of a search share.
struct Space<'a> {
    problem: &'a Problem,
    /// The formula that starts are found with.
    starting: &'a Problem,
    ranges: Vec<Range>,
}

/// Searches.
///
/// # Errors
///
/// [`Interrupted`] if the control says so.
pub fn search(problem: &Problem, search: &Search, control: &Control) -> Result<Found, Interrupted> {
    let relaxed = problem.relaxed();
    let starting = relaxed.as_ref().unwrap_or(problem);
    let ranges: Vec<Range> = starting.nonlinear().iter().map(|&c| search.ranges[c]).collect();
    let space = Space { problem, starting, ranges };
    let dimensions = space.ranges.len();
    let stages = stages(dimensions, search.points);
    let most = stages.last().map_or(0, |stage| stage.0);
    let crew = Crew::if_worth(control, most * problem.rows() > 2_000);
    let mut rooms: Vec<Room> = Vec::new();
    control.begin((stages.iter().map(|stage| stage.1).sum::<usize>() + 4 * ROUND) as u64);

    let mut points: Vec<(Vec<f64>, f64)> = Vec::new();
    let mut chosen: Vec<usize> = Vec::new();
    let mut polished: Vec<Polished> = Vec::new();
    for (count, kept) in stages {
        let first = points.len();
        let more = crew.map_with(
            count - first,
            &mut rooms,
            || Ok(Room::default()),
            |room, job| {
                control.check()?;
                Ok(space.project(space.place(&point(first + job, dimensions, search.seed)), room))
            },
        )?;
        points.extend(more);
        let next = space.separated(&points, &chosen, kept);
        polished.extend(crew.map_with(
            next.len(),
            &mut rooms,
            || Ok(Room::default()),
            |room, job| {
                control.check()?;
                let polished = space.polish(&points[next[job]].0, job, room);
                control.advance(1);
                Ok(polished)
            },
        )?);
        chosen.extend(next);
        if agreed(&polished) && space.determined(&polished, &mut rooms) {
            break;
        }
    }
    let polishes = polished.len();

    let mut rounds = 0;
    if dimensions > 0 && lowest(&polished).is_finite() {
        let mut idle = 0;
        while rounds < ROUNDS {
            let patience = match (space.determined(&polished, &mut rooms), dimensions) {
                (true, _) if agreed(&polished) => 1,
                (_, 1 | 2) => 4,
                // A minimum that starts hardly ever led to is hardly the last one.
                (true, _) if 16 * at_best(&polished[..polishes], lowest(&polished)) > polishes => 8,
                _ => 24,
            };
            if idle >= patience {
                break;
            }
            let best = lowest(&polished);
            let bases = bases(&polished, rounds);
            let more = crew.map_with(
                ROUND,
                &mut rooms,
                || Ok(Room::default()),
                |room, job| {
                    control.check()?;
                    let number = rounds * ROUND + job;
                    let mut random = Random::new(search.seed ^ 0x5bd1_e995, number as u64);
                    let base = &polished[bases[job % bases.len()]];
                    let (start, _) = space.project(space.perturb(&base.theta, number, &mut random), room);
                    let polished = space.polish(&start, job, room);
                    control.advance(1);
                    Ok(polished)
                },
            )?;
            idle = if lowest(&more) < best * (1.0 - SAME) { 0 } else { idle + 1 };
            polished.extend(more);
            rounds += 1;
        }
    }
    let minima = space.minima(&polished);
    let mut finished = crew.map_with(
        minima.len(),
        &mut rooms,
        || Ok(Room::default()),
        |room, job| {
            control.check()?;
            Ok(polish(problem, &polished[minima[job]].theta, FINE, room))
        },
    )?;
    finished.sort_by(|a, b| a.objective.total_cmp(&b.objective));
    let best = finished.remove(0);
    let at_best = at_best(&polished[..polishes], best.objective);
    let others = space.distinct(&best, finished);
    let evaluations = rooms.iter().map(|room| room.evaluations).sum();
    Ok(Found { best, others, polishes, at_best, rounds, evaluations })
}

fn lowest(all: &[Polished]) -> f64 {
    all.iter().map(|p| p.objective).fold(f64::INFINITY, f64::min)
}

fn at_best(all: &[Polished], best: f64) -> usize {
    all.iter().filter(|p| p.objective <= best * (1.0 + SAME)).count()
}

/// Whether most polishes ended at the same objective, and none below.
fn agreed(polished: &[Polished]) -> bool {
    4 * at_best(polished, lowest(polished)) >= 3 * polished.len()
}

impl Space<'_> {
    /// A point of the ranges; linear coefficients start within bounds, next to 0.
    fn place(&self, shares: &[f64]) -> Vec<f64> {
        let problem = self.problem;
        let mut theta: Vec<f64> = (0..problem.coefficients())
            .map(|c| {
                let (low, high) = problem.bounds(c);
                0.0_f64.clamp(low, high)
            })
            .collect();
        for ((&c, range), &share) in self.starting.nonlinear().iter().zip(&self.ranges).zip(shares) {
            let (low, high) = problem.bounds(c);
            theta[c] = range.at(share).clamp(low, high);
        }
        theta
    }

    /// The point with its linear coefficients solved for, and the objective there.
    fn project(&self, mut theta: Vec<f64>, room: &mut Room) -> (Vec<f64>, f64) {
        let objective = self.starting.project(&mut theta, false, 3, room);
        if std::ptr::eq(self.starting, self.problem) {
            return (theta, objective);
        }
        let objective = self.problem.project(&mut theta, true, 2, room);
        (theta, objective)
    }

    /// The best points that are not next to a better one.
    fn separated(&self, points: &[(Vec<f64>, f64)], taken: &[usize], kept: usize) -> Vec<usize> {
        let mut order: Vec<usize> =
            (0..points.len()).filter(|i| points[*i].1.is_finite() && !taken.contains(i)).collect();
        order.sort_by(|&a, &b| points[a].1.total_cmp(&points[b].1).then(a.cmp(&b)));
        // About the distance of neighbours in an even set.
        let apart = (points.len() as f64).powf(-1.0 / self.ranges.len().max(1) as f64);
        let mut chosen: Vec<usize> = Vec::with_capacity(kept);
        for &candidate in &order {
            let far = |&other: &usize| self.distance(&points[candidate].0, &points[other].0) >= apart;
            if chosen.len() < kept && chosen.iter().chain(taken).all(far) {
                chosen.push(candidate);
            }
        }
        for &candidate in &order {
            if chosen.len() < kept && !chosen.contains(&candidate) {
                chosen.push(candidate);
            }
        }
        if chosen.is_empty() && taken.is_empty() && !points.is_empty() {
            chosen.push(0);
        }
        chosen
    }

    /// Polishes a point; every other job does so under the simpler formula first, if there is one.
    fn polish(&self, start: &[f64], job: usize, room: &mut Room) -> Polished {
        if std::ptr::eq(self.starting, self.problem) || job.is_multiple_of(2) {
            return polish(self.problem, start, COARSE, room);
        }
        let inside = |c: usize, x: f64| x.clamp(self.starting.bounds(c).0, self.starting.bounds(c).1);
        let start: Vec<f64> = start.iter().enumerate().map(|(c, &x)| inside(c, x)).collect();
        let simpler = polish(self.starting, &start, COARSE, room);
        polish(self.problem, &simpler.theta, COARSE, room)
    }

    /// Whether every coefficient matters at the best end: where one does not, a term has vanished, and all polishes may
    /// have lost it in the same way.
    fn determined(&self, polished: &[Polished], rooms: &mut Vec<Room>) -> bool {
        let order =
            (0..polished.len()).min_by(|&a, &b| polished[a].objective.total_cmp(&polished[b].objective));
        let Some(best) = order.map(|best| &polished[best]) else { return true };
        if rooms.is_empty() {
            rooms.push(Room::default());
        }
        let effects = effects(self.problem, &best.theta, &mut rooms[0]);
        self.problem.nonlinear().iter().all(|&c| effects[c] > 1e-9)
    }

    /// The largest distance in any coefficient that is not linear, in shares of its range.
    fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        let along = |(&c, range): (&usize, &Range)| (range.share(a[c]) - range.share(b[c])).abs();
        self.starting.nonlinear().iter().zip(&self.ranges).map(along).fold(0.0, f64::max)
    }

    /// Moves some coefficients a little or far, or draws them anew.
    fn perturb(&self, theta: &[f64], job: usize, random: &mut Random) -> Vec<f64> {
        let starting = self.starting;
        const WIDTHS: [f64; 6] = [0.01, 0.03, 0.1, 0.3, 0.1, 0.03];
        let width = WIDTHS[job % WIDTHS.len()];
        let anew = job % 3 == 2;
        let mut shares: Vec<f64> =
            starting.nonlinear().iter().zip(&self.ranges).map(|(&c, range)| range.share(theta[c])).collect();
        let one = random.below(shares.len());
        for (i, share) in shares.iter_mut().enumerate() {
            if anew && i == one {
                *share = random.uniform();
            } else if random.uniform() < 0.7 || i == one {
                *share += width * random.normal();
            }
        }
        let inside: Vec<f64> = shares.iter().map(|share| share.clamp(-0.5, 1.5)).collect();
        let mut moved = theta.to_vec();
        for ((&c, range), share) in starting.nonlinear().iter().zip(&self.ranges).zip(&inside) {
            let (low, high) = self.problem.bounds(c);
            // Beyond the range a step is one of its width.
            let value = if (0.0..=1.0).contains(share) {
                range.at(*share)
            } else {
                let end = range.at(share.clamp(0.0, 1.0));
                end + (share - share.clamp(0.0, 1.0)) * (range.high - range.low).min(theta[c].abs().max(1.0))
            };
            moved[c] = value.clamp(low, high);
        }
        moved
    }

    /// The lowest polish of each minimum within 2 % of the best, at most [`FINISHED`] of them.
    fn minima(&self, polished: &[Polished]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..polished.len()).collect();
        order.sort_by(|&a, &b| polished[a].objective.total_cmp(&polished[b].objective).then(a.cmp(&b)));
        let best = polished[order[0]].objective;
        let mut chosen: Vec<usize> = vec![order[0]];
        for &i in &order[1..] {
            let new = |&other: &usize| {
                let same = (polished[i].objective - polished[other].objective).abs()
                    <= 1e-4 * polished[other].objective;
                !(same && self.distance(&polished[i].theta, &polished[other].theta) < 0.02)
            };
            if chosen.len() < FINISHED && polished[i].objective <= 1.02 * best && chosen.iter().all(new) {
                chosen.push(i);
            }
        }
        chosen
    }

    /// Those of the other minima that are still others when polished to the end.
    fn distinct(&self, best: &Polished, found: Vec<Polished>) -> Vec<Polished> {
        let mut kept: Vec<Polished> = Vec::new();
        for candidate in found.into_iter().filter(|p| p.objective <= 1.01 * best.objective) {
            let apart = |other: &Polished| self.distance(&candidate.theta, &other.theta) > 1e-3;
            if apart(best) && kept.iter().all(apart) {
                kept.push(candidate);
            }
        }
        kept
    }
}
