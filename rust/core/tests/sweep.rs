//! Sweeps against brute force over the graph, on random spaces and formulas.
//!
//! The twin walks every configuration, evaluates the graph node by node with [`Op::apply`], and takes the
//! front from the definition. Whatever layout, tables, blocks, rounds and threads the engine chooses,
//! the answers must be the same to the bit.

use isoflop_core::control::Control;
use isoflop_core::formula::graph::{Graph, Node, NodeId};
use isoflop_core::formula::ops::{Op, Syntax, TABLE};
use isoflop_core::formula::{Builder, Meaning, Scope};
use isoflop_core::pareto::{Rows, Ties, front_of, naive};
use isoflop_core::space::{Column, Space};
use isoflop_core::sweep::{Engine, Fineness, FrontQuestion, Groups, Method, Near, Objective};
use isoflop_core::value::simd::Level;
use proptest::prelude::*;

/// Values where things go wrong.
const AWKWARD: [f64; 12] =
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 5e-324];

#[derive(Debug, Clone)]
struct Case {
    lengths: Vec<usize>,
    /// Each column's axis and values.
    columns: Vec<(usize, Vec<f64>)>,
    objectives: Vec<(String, bool)>,
    constraints: Vec<String>,
    bits: Vec<u32>,
    ties: Ties,
    threads: usize,
}

fn name(column: usize) -> String {
    format!("x{column}")
}

/// A number-valued formula over the first `columns` columns, as text.
fn number(columns: usize) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => (0..columns).prop_map(name),
        1 => prop::sample::select(vec!["0", "1", "2", "3", "0.5", "-1", "1e3", "0.1"]).prop_map(|text| format!("({text})")),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let operation = prop::sample::select(TABLE);
        (operation, inner.clone(), inner.clone(), inner).prop_map(|(info, a, b, c)| {
            let operands: Vec<String> = [a, b, c]
                .into_iter()
                .take(info.arity)
                .enumerate()
                .map(
                    |(operand, text)| {
                        if info.conditions >> operand & 1 == 1 { format!("({text} > 0)") } else { text }
                    },
                )
                .collect();
            match info.syntax {
                Syntax::Infix(_) | Syntax::InfixRight(_) => {
                    format!("({} {} {})", operands[0], info.name, operands[1])
                }
                Syntax::Prefix(_) => format!("({} {})", info.name, operands[0]),
                Syntax::Call => format!("{}({})", info.name, operands.join(", ")),
            }
        })
    })
}

/// A number-valued formula that mostly rises with what it is made of, so that much of it has bounds.
fn rising(columns: usize) -> impl Strategy<Value = String> {
    let column = move || (0..columns).prop_map(name);
    column().prop_recursive(4, 16, 2, move |inner| {
        prop_oneof![
            4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} + {b})")),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} * {b})")),
            1 => (inner.clone(), column()).prop_map(|(a, b)| format!("({a} - {b})")),
            1 => (inner.clone(), column()).prop_map(|(a, b)| format!("({a} / {b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("min({a}, {b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("max({a}, {b})")),
            1 => inner.clone().prop_map(|a| format!("sqrt({a})")),
            1 => inner.prop_map(|a| format!("abs({a})")),
        ]
    })
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        2 => prop::sample::select(&AWKWARD[..]),
        4 => (-3i32..4).prop_map(f64::from),
        4 => 1e-3f64..1e3,
    ]
}

/// Mostly ordinary, so that whole rows are.
fn tame() -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => value(),
        20 => (1i32..9).prop_map(f64::from),
        200 => 1e-3f64..1e3,
    ]
}

/// How many cases to try: as many as `PROPTEST_CASES` says, if it is set.
fn cases(usual: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(usual))
}

fn case(lengths: impl Strategy<Value = Vec<usize>>) -> impl Strategy<Value = Case> {
    case_of(lengths, |columns| number(columns).boxed(), value().boxed())
}

fn case_of(
    lengths: impl Strategy<Value = Vec<usize>>,
    number: impl Fn(usize) -> BoxedStrategy<String> + 'static,
    value: BoxedStrategy<f64>,
) -> impl Strategy<Value = Case> {
    // Axes are often sorted.
    let axis = move |length: usize| {
        (prop::collection::vec(value.clone(), length), 0..7).prop_map(|(mut values, order)| {
            // As they come, rising, falling, or all the same.
            match order {
                0..=2 => values.sort_by(f64::total_cmp),
                3 => values.sort_by(|a, b| b.total_cmp(a)),
                4 => values = vec![values[0]; values.len()],
                _ => {}
            }
            values
        })
    };
    lengths
        .prop_flat_map(move |lengths| {
            // Each axis has a column; one axis, linked, has another.
            let axes: Vec<usize> = (0..lengths.len()).chain([0]).collect();
            let columns: Vec<_> = axes.iter().map(|&at| (Just(at), axis(lengths[at]))).collect();
            let count = columns.len();
            let objectives = prop::collection::vec((number(count), any::<bool>()), 1..6);
            let constraints =
                prop::collection::vec(number(count).prop_map(|text| format!("{text} <= 2")), 0..3);
            let bits = prop::collection::vec(prop_oneof![Just(52u32), Just(30), 0u32..8], 5);
            let ties = prop_oneof![Just(Ties::First), Just(Ties::All)];
            (Just(lengths), columns, objectives, constraints, bits, ties, 1usize..4)
        })
        .prop_map(|(lengths, columns, objectives, constraints, mut bits, ties, threads)| {
            bits.truncate(objectives.len());
            Case { lengths, columns, objectives, constraints, bits, ties, threads }
        })
}

fn space(case: &Case) -> Space {
    let columns = case.columns.iter().enumerate().map(|(column, (axis, values))| Column {
        name: name(column),
        axis: *axis,
        values: values.as_slice().into(),
        boolean: false,
    });
    Space::new(case.lengths.clone(), columns.collect()).expect("cases make sound spaces")
}

/// Brute force: the graph, and a way to evaluate it anywhere.
struct Twin<'a> {
    space: &'a Space,
    graph: Graph,
    constraints: Vec<NodeId>,
    objectives: Vec<NodeId>,
}

impl<'a> Twin<'a> {
    fn new(space: &'a Space, case: &Case) -> Self {
        let mut scope = Scope::new();
        for column in 0..space.columns().len() {
            scope.insert(name(column), Meaning::Column { column, boolean: false });
        }
        let mut builder = Builder::new(&scope);
        let constraints =
            case.constraints.iter().map(|text| builder.condition(text).expect("sound")).collect();
        let objectives =
            case.objectives.iter().map(|(text, _)| builder.number(text).expect("sound")).collect();
        Self { space, graph: builder.finish(), constraints, objectives }
    }

    fn values(&self, index: u64) -> Vec<f64> {
        let mut values: Vec<f64> = Vec::new();
        for node in self.graph.nodes() {
            values.push(match *node {
                Node::Constant(bits) => f64::from_bits(bits),
                Node::Column(column) => {
                    let column = &self.space.columns()[column];
                    column.values[self.space.position(index, column.axis) as usize]
                }
                Node::Apply(op, operands) => {
                    let [a, b, c] = operands.map(|operand| values[operand.index()]);
                    op.apply(a, b, c)
                }
            });
        }
        values
    }

    /// The axes of two or more values that the question touches.
    fn touched(&self) -> Vec<usize> {
        let mut masks: Vec<Vec<usize>> = Vec::new();
        for (position, node) in self.graph.nodes().iter().enumerate() {
            let mask = match node {
                Node::Constant(_) => vec![],
                Node::Column(column) => vec![self.space.columns()[*column].axis],
                Node::Apply(..) => {
                    let operands = self.graph.nodes()[position];
                    let Node::Apply(op, operands) = operands else { unreachable!() };
                    operands[..op.info().arity]
                        .iter()
                        .flat_map(|operand| masks[operand.index()].clone())
                        .collect()
                }
            };
            masks.push(mask);
        }
        let roots = self.constraints.iter().chain(&self.objectives);
        roots.flat_map(|root| masks[root.index()].clone()).collect()
    }

    /// Indices of configurations that meet the constraints, untouched axes at position 0.
    fn feasible(&self, also: Option<usize>) -> Vec<u64> {
        let touched = self.touched();
        (0..self.space.size())
            .filter(|&index| {
                (0..self.space.lengths().len()).all(|axis| {
                    touched.contains(&axis) || also == Some(axis) || self.space.position(index, axis) == 0
                })
            })
            .filter(|&index| {
                let values = self.values(index);
                self.constraints.iter().all(|constraint| values[constraint.index()] != 0.0)
            })
            .collect()
    }
}

/// Bits of numbers, all NaNs alike.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| if value.is_nan() { u64::MAX } else { value.to_bits() }).collect()
}

fn objectives(case: &Case) -> Vec<Objective> {
    case.objectives
        .iter()
        .map(|(formula, maximize)| Objective { formula: formula.clone(), maximize: *maximize })
        .collect()
}

fn indices(space: &Space, positions: &[Vec<u32>]) -> Vec<u64> {
    let rows = positions.first().map_or(0, Vec::len);
    (0..rows)
        .map(|row| {
            positions.iter().enumerate().map(|(axis, at)| u64::from(at[row]) * space.stride(axis)).sum()
        })
        .collect()
}

fn check_front(case: &Case, level: Level) -> Result<(), TestCaseError> {
    let space = space(case);
    let twin = Twin::new(&space, case);
    let feasible = twin.feasible(None);
    let values: Vec<Vec<f64>> = feasible.iter().map(|&index| twin.values(index)).collect();
    let minimized: Vec<Vec<f64>> = twin
        .objectives
        .iter()
        .zip(&case.objectives)
        .map(|(node, (_, maximize))| {
            values
                .iter()
                .map(|values| if *maximize { -values[node.index()] } else { values[node.index()] })
                .collect()
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

    let objectives = objectives(case);
    let question = FrontQuestion {
        objectives: &objectives,
        constraints: &case.constraints,
        fineness: Fineness::Bits(case.bits.clone()),
        ties: case.ties,
        max_rows: 10_000_000,
    };
    let expected: Vec<u64> = rows.iter().map(|&row| feasible[row]).collect();
    let touched = twin.touched();
    let touched_size: u64 = (0..case.lengths.len())
        .filter(|axis| touched.contains(axis))
        .map(|axis| case.lengths[axis] as u64)
        .product();
    let weight = space.size() / touched_size;
    let nan = (0..feasible.len()).filter(|&row| columns.iter().any(|column| column[row].is_nan())).count();
    for method in [Method::Enumerate, Method::Search] {
        let engine = Engine::new(&space, [], [], level).with_method(method);
        let control = Control::new(case.threads);
        let answer = engine.pareto(&question, &control).expect("nothing interrupts");
        prop_assert_eq!(indices(&space, &answer.positions), expected.clone(), "{:?}", method);
        for (objective, node) in twin.objectives.iter().enumerate() {
            let expected: Vec<f64> = rows.iter().map(|&row| values[row][node.index()]).collect();
            prop_assert_eq!(bits(&answer.objectives[objective]), bits(&expected));
        }
        let stats = answer.stats;
        prop_assert_eq!(stats.bounded + stats.evaluated, space.size());
        prop_assert_eq!(control.progress(), (space.size(), space.size()));
        if stats.searched {
            prop_assert!(stats.nan <= nan as u64 * weight);
        } else {
            prop_assert_eq!(stats.nan, nan as u64 * weight);
            prop_assert_eq!(stats.feasible, feasible.len() as u64 * weight);
        }
    }
    Ok(())
}

fn check_best(case: &Case, level: Level) -> Result<(), TestCaseError> {
    let case = Case { objectives: case.objectives[..1].to_vec(), ..case.clone() };
    let space = space(&case);
    let twin = Twin::new(&space, &case);
    let objective = &objectives(&case)[0];
    let control = Control::new(case.threads);
    // All in one group, and the last axis in groups of two by turns.
    let axis = case.lengths.len() - 1;
    let of: Vec<u32> = (0..case.lengths[axis] as u32).map(|position| position % 2).collect();
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
            let engine = Engine::new(&space, [], [], level).with_method(method);
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
fn check_near(case: &Case, within: f64, level: Level) -> Result<(), TestCaseError> {
    let space = space(case);
    let twin = Twin::new(&space, case);
    let engine = Engine::new(&space, [], [], level);
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
    let axis = case.lengths.len() - 1;
    let of: Vec<u32> = (0..case.lengths[axis] as u32).map(|position| position % 2).collect();
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
            let feasible = Twin::new(&space, &touching).feasible(grouped.then_some(axis));
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

/// The finest front of at most so many rows, searched and enumerated.
fn check_rows(case: &Case, most: usize, level: Level) -> Result<(), TestCaseError> {
    let space = space(case);
    let objectives = objectives(case);
    let question = FrontQuestion {
        objectives: &objectives,
        constraints: &case.constraints,
        fineness: Fineness::Rows(most),
        ties: case.ties,
        max_rows: 10_000_000,
    };
    let answer = |method| {
        let engine = Engine::new(&space, [], [], level).with_method(method);
        engine.pareto(&question, &Control::new(case.threads)).expect("nothing interrupts")
    };
    let (searched, enumerated) = (answer(Method::Search), answer(Method::Enumerate));
    prop_assert_eq!(searched.stats.bits, enumerated.stats.bits);
    prop_assert_eq!(searched.positions, enumerated.positions);
    Ok(())
}

fn check_table(case: &Case, level: Level) -> Result<(), TestCaseError> {
    let space = space(case);
    let twin = Twin::new(&space, case);
    let engine = Engine::new(&space, [], [], level);
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
        let engine = Engine::new(&space, [], [], level).with_method(method);
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

fn small() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..7, 1..5)
}

/// Shapes that reach merged axes, several blocks of rows and lanes, and several rounds.
fn large() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::select(vec![
        vec![1, 3000],
        vec![3000, 2],
        vec![40, 50],
        vec![3, 5, 7, 11],
        vec![2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2],
        vec![17, 1, 130],
    ])
}

proptest! {
    #![proptest_config(cases(900))]

    #[test]
    fn fronts_of_small_spaces_are_those_of_brute_force(case in case(small())) {
        for level in Level::available() {
            check_front(&case, level)?;
        }
    }

    #[test]
    fn bests_of_small_spaces_are_those_of_brute_force(case in case(small())) {
        for level in Level::available() {
            check_best(&case, level)?;
        }
    }

    #[test]
    fn near_sets_of_small_spaces_are_those_of_brute_force(
        case in case(small()),
        within in prop_oneof![Just(0.0), Just(1e-3), Just(0.5), Just(3.0)],
    ) {
        check_near(&case, within, Level::detect())?;
    }

    #[test]
    fn rows_are_those_of_the_thinned_exact_front(case in case(small()), most in 1usize..12) {
        check_rows(&case, most, Level::detect())?;
    }

    #[test]
    fn tables_of_small_spaces_are_those_of_brute_force(case in case(small())) {
        for level in Level::available() {
            check_table(&case, level)?;
        }
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn larger_spaces_too(case in case(large())) {
        let level = Level::detect();
        check_front(&case, level)?;
        check_best(&case, level)?;
        check_table(&case, level)?;
        check_near(&case, 0.1, level)?;
        check_rows(&case, 5, level)?;
    }
}

/// Shapes of several rounds: later ones are culled by the front of those before.
fn huge() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::select(vec![vec![3, 9, 41, 130], vec![70, 2100], vec![25, 19, 300]])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn nothing_is_lost_where_bounds_pass_over_it(
        case in case_of(huge(), |columns| rising(columns).boxed(), tame().boxed())
    ) {
        let level = Level::detect();
        check_front(&case, level)?;
        check_best(&case, level)?;
    }
}

fn line(lengths: &[usize]) -> Space {
    let columns = lengths.iter().enumerate().map(|(axis, &length)| Column {
        name: name(axis),
        axis,
        values: (1..=length).map(|value| value as f64).collect(),
        boolean: false,
    });
    Space::new(lengths.to_vec(), columns.collect()).expect("sound")
}

#[test]
fn a_condition_on_an_axis_of_one_value_is_a_constant() {
    let column = |name: &str, axis, values: &[f64], boolean| Column {
        name: name.into(),
        axis,
        values: values.into(),
        boolean,
    };
    let columns = vec![column("licensed", 0, &[1.0], true), column("x0", 1, &[2.0, 1.0], false)];
    let space = Space::new(vec![1, 2], columns).expect("sound");
    let engine = Engine::new(&space, [], [], Level::detect());
    let objective = Objective { formula: "where(licensed, x0, -x0)".into(), maximize: false };
    let best =
        engine.best(&objective, &["licensed".into()], None, &Control::new(1)).expect("nothing interrupts");
    assert_eq!(best.objectives[0], [1.0]);
}

#[test]
fn a_front_over_the_limit_is_refused_with_its_size() {
    let space = line(&[100, 3]);
    let engine = Engine::new(&space, [], [], Level::detect());
    let objectives = [("x0", false), ("x0", true)]
        .map(|(formula, maximize)| Objective { formula: formula.into(), maximize });
    let question = FrontQuestion {
        objectives: &objectives,
        constraints: &[],
        fineness: Fineness::Bits(vec![52, 52]),
        ties: Ties::First,
        max_rows: 99,
    };
    let error = engine.pareto(&question, &Control::new(1)).unwrap_err();
    assert_eq!(error, isoflop_core::error::Error::Limit { rows: 100, limit: 99 });
}

#[test]
fn a_cancelled_run_is_interrupted() {
    let space = line(&[1000, 1000, 1000]);
    let engine = Engine::new(&space, [], [], Level::detect());
    let control = Control::new(2);
    control.cancel();
    let objective = Objective { formula: "x0 * x1 + x2".into(), maximize: false };
    assert!(matches!(
        engine.best(&objective, &[], None, &control),
        Err(isoflop_core::error::Error::Interrupted(_))
    ));
}

#[test]
fn rows_choose_the_finest_front_that_fits() {
    let space = line(&[300, 300]);
    let engine = Engine::new(&space, [], [], Level::detect());
    let objectives = ["1 / x0 + 1 / x1", "x0 * x1 + x1"]
        .map(|formula| Objective { formula: formula.into(), maximize: false });
    let question = |fineness| FrontQuestion {
        objectives: &objectives,
        constraints: &[],
        fineness,
        ties: Ties::First,
        max_rows: 10_000_000,
    };
    let control = Control::new(1);
    let thinned = engine.pareto(&question(Fineness::Rows(12)), &control).expect("nothing interrupts");
    let bits = thinned.stats.bits.expect("rows chose it");
    assert!(thinned.objectives[0].len() <= 12);
    let same = engine.pareto(&question(Fineness::Bits(vec![bits; 2])), &control).expect("nothing interrupts");
    assert_eq!(thinned.positions, same.positions);
    for finer in bits + 1..=52 {
        let finer =
            engine.pareto(&question(Fineness::Bits(vec![finer; 2])), &control).expect("nothing interrupts");
        assert!(finer.objectives[0].len() > 12);
    }
}

#[test]
fn a_finer_front_may_have_fewer_rows_than_a_coarse_one() {
    // At 2 bits a cell ends between the two numbers, from 3 to 6 bits they lie in one.
    let numbers = [[1.12, 1.13], [1.13, 1.12]];
    let columns = numbers.iter().enumerate().map(|(number, values)| Column {
        name: format!("x{number}"),
        axis: 0,
        values: values.to_vec().into(),
        boolean: false,
    });
    let space = Space::new(vec![2], columns.collect()).expect("sound");
    let objectives = ["x0", "x1"].map(|formula| Objective { formula: formula.into(), maximize: false });
    for method in [Method::Enumerate, Method::Search] {
        let engine = Engine::new(&space, [], [], Level::detect()).with_method(method);
        let front = |fineness| {
            let question = FrontQuestion {
                objectives: &objectives,
                constraints: &[],
                fineness,
                ties: Ties::First,
                max_rows: 99,
            };
            engine.pareto(&question, &Control::new(1)).expect("nothing interrupts")
        };
        assert_eq!(front(Fineness::Bits(vec![2, 2])).objectives[0].len(), 2);
        let thinned = front(Fineness::Rows(1));
        assert_eq!((thinned.objectives[0].len(), thinned.stats.bits), (1, Some(6)), "{method:?}");
    }
}

#[test]
fn an_empty_answer_has_all_its_columns() {
    let space = line(&[4, 4]);
    let engine = Engine::new(&space, [], [], Level::detect());
    let objective = Objective { formula: "x0 + x1".into(), maximize: false };
    let question = Near {
        objective: &objective,
        within: 0.5,
        constraints: &["x0 > 9".into()],
        groups: None,
        then: &[],
        bits: &[],
        max_rows: 99,
    };
    let answer = engine.near(&question, &Control::new(1)).expect("nothing interrupts");
    assert_eq!((answer.objectives, answer.positions), (vec![vec![]], vec![vec![], vec![]]));
}

#[test]
fn a_very_long_sum_needs_no_stack() {
    let space = line(&[10, 10]);
    let text = vec!["x0"; 15_000].join("+") + "+x1";
    let engine = Engine::new(&space, [], [], Level::detect());
    let objective = Objective { formula: text, maximize: false };
    let best = engine.best(&objective, &[], None, &Control::new(1)).expect("nothing interrupts");
    assert_eq!(best.objectives[0], [15_001.0]);
    assert_eq!(Op::Add.apply(1.0, 2.0, 0.0), 3.0);
}
