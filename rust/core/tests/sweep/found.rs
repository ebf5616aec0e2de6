//! Questions that random search once answered otherwise than brute force.

use isoflop_core::pareto::Ties;
use isoflop_core::value::simd::Level;

use crate::cases::Case;
use crate::checks::{check_best, check_front, check_limits, check_near, check_rows, check_table};

fn case(lengths: &[usize], columns: Vec<(usize, Vec<f64>)>, objectives: &[(&str, bool)]) -> Case {
    Case {
        lengths: lengths.to_vec(),
        columns,
        quantities: vec![],
        objectives: objectives.iter().map(|&(text, maximize)| (text.to_owned(), maximize)).collect(),
        constraints: vec![],
        bits: vec![52; objectives.len()],
        ties: Ties::First,
        threads: 1,
    }
}

fn check(case: &Case) {
    for level in Level::available() {
        check_front(case, level).unwrap_or_else(|error| panic!("{error}"));
        check_best(case, level).unwrap_or_else(|error| panic!("{error}"));
        check_table(case, level).unwrap_or_else(|error| panic!("{error}"));
        check_near(case, 0.0, level).unwrap_or_else(|error| panic!("{error}"));
        check_rows(case, 5, level).unwrap_or_else(|error| panic!("{error}"));
        check_limits(case, level).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_power_of_zero_has_exponents_that_are_nan_and_infinite() {
    let columns = vec![(0, vec![-1.0, 0.0]), (1, vec![0.0; 2]), (2, vec![0.0]), (0, vec![0.0; 2])];
    check(&case(&[2, 2, 1], columns, &[("((x1 + x1) ** log(x0))", false)]));
}

#[test]
fn a_space_of_one_configuration_has_it_near_its_best() {
    check(&case(&[1], vec![(0, vec![0.0]), (0, vec![0.0])], &[("x0", false)]));
}

#[test]
fn a_condition_is_compared_like_a_number_among_four_objectives() {
    let x1 = [
        0.0,
        0.0,
        0.0,
        f64::NAN,
        2.0,
        -3.0,
        1.0,
        -1.0,
        441.73083242781024,
        -1.0,
        1.0,
        300.84010577895634,
        -1.0,
        3.0,
        2.0,
        -2.0,
        2.0,
        -2.0,
        1.0,
        1.0,
        83.62579834695427,
        62.54511614530976,
        1.0,
        786.1307458659045,
        f64::MAX,
        216.68011012708843,
        220.20088840935477,
        622.6136688022038,
        f64::MAX,
        110.68614285308988,
        156.30311044309985,
        -2.0,
        746.7588183172048,
        428.0720646109692,
        0.0,
        -3.0,
        53.565049659960195,
        -2.0,
        37.02753802062452,
        470.9788570171849,
        2.0,
        2.0,
        948.3578258611172,
        3.0,
        2.0,
        2.0,
        -2.0,
        f64::MAX,
        2.0,
        2.0,
    ];
    let x2 = [
        478.12803736551825,
        -1.0,
        838.7889428422827,
        614.8507872365096,
        3.0,
        898.0401664092827,
        306.07962913347,
        258.90101660950097,
        859.9785852208219,
        153.53905730261877,
        649.0593750265658,
        3.0,
        701.4363118995188,
        705.3647401834606,
        630.4481442882112,
        0.0,
        1.0,
        0.0,
        0.5,
        435.4678500505366,
        2.0,
        5e-324,
        620.881631881385,
        -2.0,
        -3.0,
        0.0,
        1.0,
        623.1709427523658,
        2.0,
        -1.0,
        f64::NAN,
        3.0,
        f64::NAN,
        302.62688196328054,
        473.89919113406273,
        2.0,
        -2.0,
        f64::MAX,
        279.04048496451406,
        -1.0,
    ];
    let columns = vec![(0, vec![0.0; 40]), (1, x1.to_vec()), (0, x2.to_vec())];
    let objectives = [
        ("(x2 ** floor(x1))", false),
        ("log2((0))", true),
        ("(floor(x1) < x2)", false),
        ("((x0 >= x0) - max(x0, x0))", false),
    ];
    let mut case = case(&[40, x1.len()], columns, &objectives);
    case.constraints = vec!["(min(x2, x2) < (0.1)) <= 2".into()];
    case.bits = vec![52, 52, 52, 30];
    case.threads = 3;
    check(&case);
}

/// Beside NaN, a column that falls is no falling one: it has other ends.
#[test]
fn entries_that_are_nan_are_no_ends_of_a_range() {
    let runs = [
        (f64::NAN, 49),
        (f64::INFINITY, 58),
        (f64::MAX, 51),
        (3.0, 234),
        (2.0, 233),
        (1.0, 226),
        (0.5, 37),
        (5e-324, 51),
        (0.0, 261),
        (-0.0, 46),
        (-1.0, 217),
        (-2.0, 161),
        (-3.0, 153),
        (f64::NEG_INFINITY, 54),
    ];
    let mut falling: Vec<f64> =
        runs.iter().flat_map(|&(value, count)| std::iter::repeat_n(value, count)).collect();
    // Between them, numbers that come once.
    falling.splice(158..158, (0..1169).map(|number| 999.0 - 0.85 * f64::from(number)));
    let columns = vec![(0, vec![0.0]), (1, falling.clone()), (0, vec![0.0])];
    let objectives = [
        ("(x2 > (((x2 <= x2) > 0) or ((2) > 0)))", false),
        ("max((x0 ** x0), x0)", false),
        ("(min(x1, x0) > (x1 + (x2 == x0)))", true),
        ("(((1e3) != x1) >= ((x2 > 0) and (log2(x1) > 0)))", false),
    ];
    let mut case = case(&[1, falling.len()], columns, &objectives);
    case.bits = vec![30, 0, 2, 52];
    check(&case);
}
