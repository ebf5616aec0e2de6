//! Fits of synthetic runs whose coefficients are known.

use isoflop_core::control::Control;
use isoflop_core::fit::estimate::{Fitted, fit};
use isoflop_core::fit::model::{Model, Names};
use isoflop_core::fit::problem::Problem;
use isoflop_core::fit::residual::Residual;
use isoflop_core::fit::search::Search;
use isoflop_core::fit::starts::Random;

const LAW: &str = "E + A/N**alpha + B/D**beta";
const COEFFICIENTS: [&str; 5] = ["E", "A", "B", "alpha", "beta"];
const TRUTH: [f64; 5] = [1.8172, 482.01, 2085.43, 0.3478, 0.3658];
const NONNEGATIVE: (f64, f64) = (0.0, f64::INFINITY);
const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// Six budgets of ten sizes each, the noise normal with this standard deviation in the logarithm.
fn runs(noise: f64, seed: u64) -> (Vec<(String, Vec<f64>)>, Vec<f64>) {
    let (mut params, mut tokens, mut loss) = (Vec::new(), Vec::new(), Vec::new());
    let mut random = Random::new(seed, 9);
    for budget in 0..6 {
        for size in 0..10 {
            let flops = 1e18 * 10.0_f64.powf(0.6 * f64::from(budget));
            let n = (flops / 120.0).sqrt() * 16.0_f64.powf(f64::from(size) / 9.0 - 0.5);
            let d = flops / (6.0 * n);
            params.push(n);
            tokens.push(d);
            let [e, a, b, alpha, beta] = TRUTH;
            loss.push((e + a / n.powf(alpha) + b / d.powf(beta)) * (noise * random.normal()).exp());
        }
    }
    (vec![("N".to_owned(), params), ("D".to_owned(), tokens)], loss)
}

fn problem(noise: f64, residual: Residual, bounds: Vec<(f64, f64)>) -> Problem {
    let (columns, loss) = runs(noise, 4);
    let coefficients = COEFFICIENTS.map(str::to_owned).to_vec();
    let model =
        Model::new(LAW, Names { columns, coefficients, ..Names::default() }).expect("it is a formula");
    let weights = vec![1.0; loss.len()];
    Problem::new(model, loss, weights, residual, 1e-3, bounds)
}

fn free() -> Vec<(f64, f64)> {
    vec![NONNEGATIVE, NONNEGATIVE, NONNEGATIVE, ANY, ANY]
}

fn found(problem: &mut Problem, seed: u64, threads: usize) -> Fitted {
    let how = Search { ranges: problem.ranges(), seed, points: 0 };
    fit(problem, &how, None, &Control::new(threads)).expect("nothing interrupts")
}

#[test]
fn exact_runs_give_their_coefficients_back_under_every_residual() {
    for (residual, name) in Residual::ALL {
        let fitted = found(&mut problem(0.0, residual, free()), 0, 2);
        for (found, truth) in fitted.found.best.theta.iter().zip(TRUTH) {
            assert!((found / truth - 1.0).abs() < 1e-5, "{name}: {found} for {truth}");
        }
    }
}

#[test]
fn a_fit_has_the_same_bits_on_any_number_of_threads() {
    let once = found(&mut problem(0.01, Residual::HuberLog, free()), 3, 1);
    for threads in [2, 3, 8] {
        let again = found(&mut problem(0.01, Residual::HuberLog, free()), 3, threads);
        assert_eq!(once.found.best, again.found.best);
        assert_eq!(once.found.others, again.found.others);
        assert_eq!(once.found.evaluations, again.found.evaluations);
        assert_eq!(once.delta.map(f64::to_bits), again.delta.map(f64::to_bits));
    }
}

#[test]
fn the_minimum_does_not_depend_on_the_seed() {
    let objective =
        |seed| found(&mut problem(0.004, Residual::HuberLog, free()), seed, 2).found.best.objective;
    let first = objective(0);
    for seed in 1..6 {
        // Delta is a median of residuals, which are known to the root of what the objective is known to.
        assert!((objective(seed) / first - 1.0).abs() < 1e-6);
    }
}

#[test]
fn delta_is_near_1_345_standard_deviations_of_normal_noise() {
    let fitted = found(&mut problem(0.01, Residual::HuberLog, free()), 0, 1);
    let delta = fitted.delta.expect("it takes one");
    assert!((0.009..0.018).contains(&delta), "{delta}");
}

#[test]
fn bounds_are_never_left_and_the_fit_within_them_is_the_best_there() {
    let mut bounds = free();
    bounds[0] = (2.0, f64::INFINITY);
    let bounded = found(&mut problem(0.004, Residual::SquaresLog, bounds), 0, 2).found.best;
    assert_eq!(bounded.theta[0], 2.0);
    let mut held = free();
    held[0] = (2.0, 2.0);
    let held = found(&mut problem(0.004, Residual::SquaresLog, held), 0, 2).found.best;
    assert!((bounded.objective / held.objective - 1.0).abs() < 1e-9);
}

#[test]
fn sizes_of_residuals_are_no_larger_than_at_the_least_squares() {
    let absolute = found(&mut problem(0.01, Residual::AbsoluteLog, free()), 0, 2).found.best;
    let squares = found(&mut problem(0.01, Residual::SquaresLog, free()), 0, 2).found.best;
    let problem = problem(0.01, Residual::AbsoluteLog, free());
    let at = |theta: &[f64]| problem.objective(theta, &mut Default::default());
    assert!((at(&absolute.theta) - absolute.objective).abs() <= 1e-12 * absolute.objective);
    assert!(absolute.objective < at(&squares.theta));
    // No small step in any direction is better.
    for coefficient in 0..5 {
        for step in [1e-5, -1e-5] {
            let mut moved = absolute.theta.clone();
            moved[coefficient] *= 1.0 + step;
            assert!(at(&moved) >= absolute.objective * (1.0 - 1e-9), "{coefficient} by {step}");
        }
    }
}

#[test]
fn cancelling_ends_a_fit() {
    let control = Control::new(2);
    control.cancel();
    let mut problem = problem(0.01, Residual::HuberLog, free());
    let how = Search { ranges: problem.ranges(), seed: 0, points: 0 };
    assert!(fit(&mut problem, &how, None, &control).is_err());
}

#[test]
fn choices_that_read_coefficients_are_reported() {
    let (columns, _) = runs(0.0, 1);
    let coefficients = ["a", "c"].map(str::to_owned).to_vec();
    let text = "min(a*N, D) + where(D > N, c, 1) + max(N, D)";
    let model =
        Model::new(text, Names { columns, coefficients, ..Names::default() }).expect("it is a formula");
    let branches = model.branches(&[1e-12, 2.0]);
    assert_eq!(branches.len(), 2);
    assert_eq!(branches[0].text, "min(a*N, D)");
    assert_eq!(branches[0].rows, [60, 0, 0]);
    assert_eq!(branches[1].rows.iter().sum::<usize>(), 60);
}

#[test]
fn derivatives_of_random_formulas_agree_with_differences() {
    let mut random = Random::new(1, 2);
    let (columns, rows) = (vec![("x".to_owned(), vec![0.5, 1.5, 2.5, 4.0])], 4);
    for case in 0..400 {
        let mut text = "p*x + q".to_owned();
        for _ in 0..1 + random.below(5) {
            let leaf = ["p", "q", "x", "r*x", "2.5", "q**x"][random.below(6)];
            text = match random.below(12) {
                0 => format!("({text}) + {leaf}"),
                1 => format!("({text})*({leaf})"),
                2 => format!("({leaf}) - ({text})"),
                3 => format!("({text})/(1 + ({leaf})**2)"),
                4 => format!("exp(-abs({text})/4)"),
                5 => format!("log(1 + abs({text}))"),
                6 => format!("sqrt(1 + ({text})**2)"),
                7 => format!("max({text}, {leaf})"),
                8 => format!("min({leaf}, {text})"),
                9 => format!("where(x > 1, {text}, {leaf})"),
                10 => format!("(1 + abs({text}))**(-{leaf}/3)"),
                _ => format!("log2(2 + abs({text})) + log10(2 + abs({leaf}))"),
            };
        }
        let coefficients = ["p", "q", "r"].map(str::to_owned).to_vec();
        let names = Names { columns: columns.clone(), coefficients, ..Names::default() };
        let tape = Model::new(&text, names).expect("it is a formula").tape(&[true; 3]);
        let theta: [f64; 3] = std::array::from_fn(|_| 0.2 + 1.6 * random.uniform());
        let (mut values, mut derivatives) = (vec![0.0; rows], vec![0.0; 3 * rows]);
        tape.run(&theta, &mut Default::default(), &mut values, &mut derivatives);
        for by in 0..3 {
            let at = |step: f64| {
                let mut moved = theta;
                moved[by] += step;
                let mut values = vec![0.0; rows];
                tape.run(&moved, &mut Default::default(), &mut values, &mut []);
                values
            };
            let (step, wide) = (1e-6, 3e-6);
            let (up, down, far) = (at(step), at(-step), at(wide));
            for row in 0..rows {
                let central = (up[row] - down[row]) / (2.0 * step);
                let forward = (far[row] - values[row]) / wide;
                let scale = 1.0 + values[row].abs() + central.abs();
                // Next to a corner the two differences disagree.
                if (central - forward).abs() > 1e-3 * scale {
                    continue;
                }
                let found = derivatives[by * rows + row];
                assert!((found - central).abs() < 2e-4 * scale, "{case}: {text} by {by}: {found}, {central}");
            }
        }
    }
}

#[test]
fn minima_of_many_runs_are_those_of_all_of_them() {
    let (columns, loss) = runs(0.01, 4);
    let times = 400;
    let repeated = |column: &[f64]| column.iter().copied().cycle().take(60 * times).collect::<Vec<f64>>();
    let columns = columns.iter().map(|(name, column)| (name.clone(), repeated(column))).collect();
    let coefficients = COEFFICIENTS.map(str::to_owned).to_vec();
    let model =
        Model::new(LAW, Names { columns, coefficients, ..Names::default() }).expect("it is a formula");
    let observed = repeated(&loss);
    let weights = vec![1.0; observed.len()];
    let mut many = Problem::new(model, observed, weights, Residual::SquaresLog, 1e-3, free());
    let many = found(&mut many, 0, 2).found.best;
    let once = found(&mut problem(0.01, Residual::SquaresLog, free()), 0, 2).found.best;
    assert!((many.objective / (times as f64 * once.objective) - 1.0).abs() < 1e-9);
}
