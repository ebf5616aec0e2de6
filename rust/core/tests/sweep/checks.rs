//! The engine's answers to a question against those of the twin.

use isoflop_core::control::Control;
use isoflop_core::error::Error;
use isoflop_core::pareto::{Rows, Ties, front_of, naive};
use isoflop_core::sweep::{FrontQuestion, Groups, Method, Near};
use isoflop_core::value::simd::Level;
use proptest::prelude::*;

use crate::cases::{Case, engine_for, objectives, space};
use crate::twin::{Twin, bits, indices};

/// Every other position of the last axis.
fn parity(case: &Case) -> (usize, Vec<u32>) {
    let axis = case.lengths.len() - 1;
    (axis, (0..case.lengths[axis] as u32).map(|position| position % 2).collect())
}

/// The front, of all and of groups.
pub(crate) fn check_front(case: &Case, level: Level) -> Result<(), TestCaseError> {
    check_fronts(case, None, level)
}

/// A few rows that cover the front, of all and of groups.
pub(crate) fn check_rows(case: &Case, most: usize, level: Level) -> Result<(), TestCaseError> {
    check_fronts(case, Some(most.max(case.objectives.len())), level)
}

fn check_fronts(case: &Case, few: Option<usize>, level: Level) -> Result<(), TestCaseError> {
    let space = space(case);
    let twin = Twin::new(&space, case);
    let (axis, of) = parity(case);
    for grouped in [false, true] {
        // Where all ties are wanted, axes that nothing reads are free.
        let feasible = match case.ties {
            Ties::First => twin.feasible(grouped.then_some(axis)),
            Ties::All => twin.feasible_of(0..case.lengths.len()),
        };
        let (mut expected, mut gap, mut nan) = (Vec::new(), 0.0_f64, 0);
        for number in 0..2 {
            let group = |index: u64| if grouped { of[space.position(index, axis) as usize] } else { 0 };
            let some: Vec<u64> = feasible.iter().copied().filter(|&index| group(index) == number).collect();
            let found = front_by_definition(case, &twin, &some, few);
            expected.extend(found.rows);
            gap = gap.max(found.gap);
            nan += found.nan;
        }
        let groups = Groups { axis, of: &of };
        let objectives = objectives(case);
        let question = FrontQuestion {
            objectives: &objectives,
            constraints: &case.constraints,
            bits: &case.bits,
            ties: case.ties,
            groups: grouped.then_some(&groups),
            rows: few,
            max_rows: 10_000_000,
        };
        let weight = match case.ties {
            Ties::All => 1,
            Ties::First => space.size() / twin.looked_at(grouped.then_some(axis)),
        };
        for method in [Method::Enumerate, Method::Search] {
            let engine = engine_for(&space, case, level).with_method(method);
            let control = Control::new(case.threads);
            let answer = engine.pareto(&question, &control).expect("nothing interrupts");
            prop_assert_eq!(
                indices(&space, &answer.positions),
                expected.clone(),
                "{:?}, groups: {}",
                method,
                grouped
            );
            for (objective, node) in twin.objectives.iter().enumerate() {
                let expected: Vec<f64> =
                    expected.iter().map(|&index| twin.values(index)[node.index()]).collect();
                prop_assert_eq!(bits(&answer.objectives[objective]), bits(&expected));
            }
            let stats = answer.stats;
            prop_assert_eq!(stats.gap.map(f64::to_bits), few.map(|_| gap.to_bits()));
            prop_assert_eq!(stats.bounded + stats.evaluated, space.size());
            prop_assert_eq!(control.progress(), (space.size(), space.size()));
            if stats.searched {
                prop_assert!(stats.nan <= nan as u64 * weight);
            } else {
                prop_assert_eq!(stats.nan, nan as u64 * weight);
                prop_assert_eq!(stats.feasible, feasible.len() as u64 * weight);
            }
        }
    }
    Ok(())
}

/// What the definition makes of some configurations.
struct Defined {
    rows: Vec<u64>,
    gap: f64,
    nan: usize,
}

fn front_by_definition(case: &Case, twin: &Twin<'_>, feasible: &[u64], few: Option<usize>) -> Defined {
    let values: Vec<Vec<f64>> = feasible.iter().map(|&index| twin.values(index)).collect();
    let signed = twin.objectives.iter().zip(&case.objectives);
    let minimized: Vec<Vec<f64>> = signed
        .map(|(node, (_, maximize))| {
            let value = |values: &Vec<f64>| values[node.index()];
            values.iter().map(|values| if *maximize { -value(values) } else { value(values) }).collect()
        })
        .collect();
    let columns: Vec<&[f64]> = minimized.iter().map(Vec::as_slice).collect();
    let all = Rows { objectives: &columns, indices: None };
    // The filter has tests of its own against the naive one, which takes too long for many rows.
    let mut rows = if feasible.len() < 10_000 {
        naive::front_of(all, &case.bits, case.ties)
    } else {
        front_of(all, &case.bits, case.ties, &Control::new(1)).expect("nothing interrupts")
    };
    rows.sort_by(|&a, &b| {
        let by = columns.iter().map(|column| (column[a] + 0.0).total_cmp(&(column[b] + 0.0)));
        by.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(a.cmp(&b))
    });
    let nan = (0..feasible.len()).filter(|&row| columns.iter().any(|column| column[row].is_nan())).count();
    let mut gap = 0.0;
    if let Some(most) = few {
        let alike = |a: usize, b: usize| columns.iter().all(|column| column[a] == column[b]);
        let mut first = rows.clone();
        first.dedup_by(|&mut later, &mut earlier| alike(later, earlier));
        let maximize: Vec<bool> = case.objectives.iter().map(|(_, maximize)| *maximize).collect();
        let front: Vec<Vec<f64>> =
            columns.iter().map(|column| first.iter().map(|&row| column[row]).collect()).collect();
        let front: Vec<&[f64]> = front.iter().map(Vec::as_slice).collect();
        let (chosen, left) = naive::cover(&front, &maximize, most);
        rows.retain(|&row| chosen.iter().any(|&place| alike(first[place], row)));
        gap = left;
    }
    Defined { rows: rows.into_iter().map(|row| feasible[row]).collect(), gap, nan }
}

pub(crate) fn check_best(case: &Case, level: Level) -> Result<(), TestCaseError> {
    let case = &Case { objectives: case.objectives[..1].to_vec(), ..case.clone() };
    let space = space(case);
    let twin = Twin::new(&space, case);
    let objective = &objectives(case)[0];
    let control = Control::new(case.threads);
    // All in one group, and the last axis in groups of two by turns.
    let (axis, of) = parity(case);
    for groups in [None, Some(Groups { axis, of: &of })] {
        let group =
            |index: u64| groups.as_ref().map_or(0, |groups| groups.of[space.position(index, axis) as usize]);
        let mut expected: Vec<(u32, f64, u64)> = Vec::new();
        for index in twin.feasible(groups.as_ref().map(|groups| groups.axis)) {
            let raw = twin.values(index)[twin.objectives[0].index()];
            let value = if objective.maximize { -raw } else { raw };
            if value.is_nan() {
                continue;
            }
            match expected.iter_mut().find(|(of, ..)| *of == group(index)) {
                None => expected.push((group(index), value, index)),
                Some((_, best, at)) => {
                    if value < *best {
                        (*best, *at) = (value, index);
                    }
                }
            }
        }
        expected.sort_by_key(|(group, ..)| *group);
        for method in [Method::Enumerate, Method::Search] {
            let engine = engine_for(&space, case, level).with_method(method);
            let answer = engine
                .best(objective, &case.constraints, groups.as_ref(), &control)
                .expect("nothing interrupts");
            let indices = indices(&space, &answer.positions);
            let wanted: Vec<u64> = expected.iter().map(|(.., index)| *index).collect();
            prop_assert_eq!(&indices, &wanted, "{:?}", method);
            let values: Vec<f64> =
                indices.iter().map(|&index| twin.values(index)[twin.objectives[0].index()]).collect();
            prop_assert_eq!(bits(&answer.objectives[0]), bits(&values));
        }
    }
    Ok(())
}

/// Near sets, alone and with a front inside, of all and of groups.
pub(crate) fn check_near(case: &Case, within: f64, level: Level) -> Result<(), TestCaseError> {
    let space = space(case);
    let twin = Twin::new(&space, case);
    let engine = engine_for(&space, case, level);
    let objectives = objectives(case);
    let minimized = |index: u64| -> Vec<f64> {
        let values = twin.values(index);
        let signed = twin.objectives.iter().zip(&objectives);
        signed
            .map(|(node, objective)| {
                let value = values[node.index()];
                if objective.maximize { -value } else { value }
            })
            .collect()
    };
    let (axis, of) = parity(case);
    let groups = Groups { axis, of: &of };
    for grouped in [false, true] {
        let group = |index: u64| if grouped { of[space.position(index, axis) as usize] } else { 0 };
        for then in [false, true] {
            let outputs = if then { 1..objectives.len() } else { 0..1 };
            if outputs.is_empty() {
                continue;
            }
            // What the other objectives touch counts only if they are asked.
            let touching = Case { objectives: case.objectives[..outputs.end].to_vec(), ..case.clone() };
            // Without a front inside, axes that nothing reads are free.
            let twin = Twin::new(&space, &touching);
            let feasible = match then {
                true => twin.feasible(grouped.then_some(axis)),
                false => twin.feasible_of(0..case.lengths.len()),
            };
            let mut expected: Vec<u64> = Vec::new();
            for number in 0..2 {
                let rows: Vec<u64> =
                    feasible.iter().copied().filter(|&index| group(index) == number).collect();
                let value = |index: u64| minimized(index)[0];
                let best =
                    rows.iter().map(|&index| value(index)).filter(|value| !value.is_nan()).reduce(f64::min);
                let Some(best) = best else { continue };
                let limit = if best.is_infinite() { best } else { best + within * best.abs() };
                let near: Vec<u64> = rows.into_iter().filter(|&index| value(index) <= limit).collect();
                let columns: Vec<Vec<f64>> = outputs
                    .clone()
                    .map(|output| near.iter().map(|&index| minimized(index)[output]).collect())
                    .collect();
                let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
                let mut kept: Vec<usize> = if then {
                    naive::front_of(
                        Rows { objectives: &columns, indices: None },
                        &case.bits[outputs.clone()],
                        Ties::First,
                    )
                } else {
                    (0..near.len()).collect()
                };
                kept.sort_by(|&a, &b| {
                    let by = columns.iter().map(|column| (column[a] + 0.0).total_cmp(&(column[b] + 0.0)));
                    by.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(a.cmp(&b))
                });
                expected.extend(kept.into_iter().map(|row| near[row]));
            }
            let question = Near {
                objective: &objectives[0],
                within,
                constraints: &case.constraints,
                groups: grouped.then_some(&groups),
                then: if then { &objectives[1..] } else { &[] },
                bits: &case.bits[1..],
                max_rows: 10_000_000,
            };
            let answer = engine.near(&question, &Control::new(case.threads)).expect("nothing interrupts");
            prop_assert_eq!(indices(&space, &answer.positions), expected.clone());
            for (column, output) in answer.objectives.iter().zip(outputs) {
                let node = twin.objectives[output];
                let expected: Vec<f64> =
                    expected.iter().map(|&index| twin.values(index)[node.index()]).collect();
                prop_assert_eq!(bits(column), bits(&expected));
            }
        }
    }
    Ok(())
}

/// Which limits on rows a front is refused under, and what the refusal says: that depends on the answer alone. The
/// front of all, and of groups if there are any.
pub(crate) fn check_limits(case: &Case, level: Level) -> Result<(), TestCaseError> {
    check_limits_of(case, None, level)?;
    let (axis, of) = parity(case);
    check_limits_of(case, Some(&Groups { axis, of: &of }), level)
}

fn check_limits_of(case: &Case, groups: Option<&Groups<'_>>, level: Level) -> Result<(), TestCaseError> {
    let space = space(case);
    let objectives = objectives(case);
    let ask = |method, max_rows| {
        let question = FrontQuestion {
            objectives: &objectives,
            constraints: &case.constraints,
            bits: &case.bits,
            ties: case.ties,
            groups,
            rows: None,
            max_rows,
        };
        engine_for(&space, case, level).with_method(method).pareto(&question, &Control::new(case.threads))
    };
    let rows = ask(Method::Enumerate, u64::MAX).expect("no limit").objectives[0].len() as u64;
    for method in [Method::Auto, Method::Enumerate, Method::Search] {
        for max_rows in [0, 1, rows / 3, rows / 2, rows.saturating_sub(1), rows, rows + 1] {
            match ask(method, max_rows) {
                Ok(answer) => {
                    prop_assert!(rows <= max_rows, "{:?} at most {}", method, max_rows);
                    prop_assert_eq!(answer.objectives[0].len() as u64, rows);
                }
                Err(Error::Limit { rows: sure, limit }) => {
                    prop_assert_eq!(limit, max_rows);
                    prop_assert!(max_rows < sure && sure <= rows, "{:?}: {} of {}", method, sure, rows);
                }
                Err(error) => prop_assert!(false, "{:?}: {}", method, error),
            }
        }
    }
    Ok(())
}

pub(crate) fn check_table(case: &Case, level: Level) -> Result<(), TestCaseError> {
    let space = space(case);
    let twin = Twin::new(&space, case);
    let engine = engine_for(&space, case, level);
    let control = Control::new(case.threads);
    let columns: Vec<String> = case.objectives.iter().map(|(text, _)| text.clone()).collect();
    let answer = engine.table(&columns, &case.constraints, u64::MAX, &control).expect("nothing interrupts");
    let expected: Vec<u64> = (0..space.size())
        .filter(|&index| {
            let values = twin.values(index);
            twin.constraints.iter().all(|constraint| values[constraint.index()] != 0.0)
        })
        .collect();
    prop_assert_eq!(indices(&space, &answer.positions), expected.clone());
    for (objective, node) in twin.objectives.iter().enumerate() {
        let expected: Vec<f64> = expected.iter().map(|&index| twin.values(index)[node.index()]).collect();
        prop_assert_eq!(bits(&answer.objectives[objective]), bits(&expected));
    }
    for method in [Method::Enumerate, Method::Search] {
        let engine = engine_for(&space, case, level).with_method(method);
        let any = engine.any(&case.constraints, &control).expect("nothing interrupts");
        prop_assert_eq!(any, !expected.is_empty(), "{:?}", method);
    }
    let positions: Vec<&[u32]> = answer.positions.iter().map(Vec::as_slice).collect();
    let evaluated =
        engine.columns(&columns).expect("sound").at(&positions, &control).expect("nothing interrupts");
    for (evaluated, column) in evaluated.iter().zip(&answer.objectives) {
        prop_assert_eq!(bits(evaluated), bits(column));
    }
    Ok(())
}
