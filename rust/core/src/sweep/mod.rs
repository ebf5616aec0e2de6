//! Questions about a space.
//!
//! An [`Engine`] is a space and the names that formulas may use. Each question binds its formulas
//! ([`Engine::bind`]) and is answered in one of two ways, with the same answer: small spaces by enumeration
//! (`front`, `best`, `table`: a [`Program`] run over the blocks of the grid in parallel, a sink of its own
//! takes the values), large ones by branch and bound (`search`). Axes that nothing asked for stay at
//! position 0.

mod best;
mod columns;
mod enumerate;
mod front;
mod rows;
mod search;
mod stats;
mod table;

use crate::control::{Control, Interrupted, LOOK};
use crate::error::Error;
use crate::formula::graph::{Graph, NodeId};
use crate::formula::{Builder, FormulaError, Meaning, Scope};
use crate::memory;
use crate::pareto::{Points, Ties};
use crate::program::enumerate::{Order, Program};
use crate::program::explain::{self, Explanation};
use crate::program::{Depends, Roots};
use crate::space::Space;
use crate::value::ops::Op;
use crate::value::simd::Level;

pub use columns::{Columns, Outside, outside};
pub use stats::{Seconds, Stats};

/// What a name of a formula stands for, besides the columns of the space.
#[derive(Debug, Clone, PartialEq)]
pub enum Name {
    /// A scalar.
    Number(f64),
    /// A quantity.
    Formula(String),
}

/// How a question is answered. The answer is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// By the size of what the question touches.
    #[default]
    Auto,
    /// By looking at every configuration.
    Enumerate,
    /// By branch and bound.
    Search,
}

/// Configurations from which on a search is quicker than looking at them all; with more than two objectives
/// far more of them have to be looked at.
const WORTH_A_SEARCH: u64 = 1 << 20;
const WORTH_A_WIDE_SEARCH: u64 = 1 << 24;

/// Rows that the front so far may have, whatever the front of all comes to. They are what a search for a front needs
/// memory for, besides tables and open boxes.
const HELD: u64 = 40_000_000;

/// [`HELD`] for a caller who allows answers of so many rows: never less than four times these.
fn held(max_rows: u64) -> u64 {
    HELD.max(max_rows.saturating_mul(4))
}

/// A formula to make small or large.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// The formula's text.
    pub formula: String,
    /// Whether larger is better.
    pub maximize: bool,
}

/// A question for the front.
#[derive(Debug, Clone)]
pub struct FrontQuestion<'a> {
    /// At least one.
    pub objectives: &'a [Objective],
    /// Conditions that every configuration must meet.
    pub constraints: &'a [String],
    /// Key bits of each objective, 0 to 52: how finely they are compared.
    pub bits: &'a [u32],
    /// Which of equal configurations are kept. Axes that nothing reads are free if all are.
    pub ties: Ties,
    /// A front of each group; of all, if there are none.
    pub groups: Option<&'a Groups<'a>>,
    /// How many rows to choose that cover the front, of each group; all rows if `None`.
    pub rows: Option<usize>,
    /// Most rows that the front may have, and the answer, over all groups.
    pub max_rows: u64,
}

/// The groups of a question that is asked of each group for itself.
#[derive(Debug, Clone)]
pub struct Groups<'a> {
    /// The axis whose positions are grouped.
    pub axis: usize,
    /// The group of each position.
    pub of: &'a [u32],
}

/// A question for everything close to the best.
#[derive(Debug, Clone)]
pub struct Near<'a> {
    /// What the best is the best of.
    pub objective: &'a Objective,
    /// How close: a share of the size of the best value, finite and not negative.
    pub within: f64,
    /// Conditions that every configuration must meet.
    pub constraints: &'a [String],
    /// Each group is answered as if it were the whole space.
    pub groups: Option<&'a Groups<'a>>,
    /// Objectives whose front is looked for among what is near; everything near if there are none.
    pub then: &'a [Objective],
    /// Key bits of each of these.
    pub bits: &'a [u32],
    /// Most rows that the answer may have.
    pub max_rows: u64,
}

/// Rows of an answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// For each axis of the space, each row's position.
    pub positions: Vec<Vec<u32>>,
    /// For each objective, each row's value.
    pub objectives: Vec<Vec<f64>>,
    /// What the run did.
    pub stats: Stats,
}

/// A space, and what the names in formulas mean.
#[derive(Debug)]
pub struct Engine<'a> {
    space: &'a Space,
    scope: Scope,
    level: Level,
    method: Method,
}

/// Formulas of one question, bound to the space.
#[derive(Clone)]
struct Bound {
    graph: Graph,
    roots: Roots,
    /// The axes that the question touches, ascending.
    axes: Vec<usize>,
}

impl<'a> Engine<'a> {
    /// Names the columns of `space`, and everything in `names`; `known` names are suggested when a
    /// formula misspells them, but mean nothing.
    pub fn new(
        space: &'a Space,
        names: impl IntoIterator<Item = (String, Name)>,
        known: impl IntoIterator<Item = String>,
        level: Level,
    ) -> Self {
        let names = names.into_iter();
        let mut scope = Scope::with_capacity(space.columns().len() + names.size_hint().0);
        for (column, data) in space.columns().iter().enumerate() {
            // One value is a constant: it varies with nothing, and folds.
            let meaning = match *data.values {
                [value] if !data.boolean => Meaning::Constant(value),
                _ => Meaning::Column { column, boolean: data.boolean },
            };
            scope.insert(data.name.clone(), meaning);
        }
        for (name, meaning) in names {
            let meaning = match meaning {
                Name::Number(value) => Meaning::Constant(value),
                Name::Formula(text) => Meaning::Formula(text),
            };
            scope.insert(name, meaning);
        }
        for name in known {
            scope.suggest(name);
        }
        Self { space, scope, level, method: Method::Auto }
    }

    /// Sets how fronts, bests and whether there are any are looked for.
    #[must_use]
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Whether a question is answered by branch and bound.
    fn searches(&self, bound: &Bound) -> bool {
        let touched: u64 = bound.axes.iter().map(|&axis| self.space.lengths()[axis] as u64).product();
        // Without an axis there is nothing to split.
        !bound.axes.is_empty()
            && match self.method {
                Method::Auto if bound.roots.outputs.len() > 2 => touched >= WORTH_A_WIDE_SEARCH,
                Method::Auto => touched >= WORTH_A_SEARCH,
                Method::Enumerate => false,
                Method::Search => true,
            }
    }

    /// The space that the engine looks at.
    #[must_use]
    pub fn space(&self) -> &Space {
        self.space
    }

    fn bind(&self, constraints: &[String], outputs: &[Objective]) -> Result<Bound, FormulaError> {
        let mut builder = Builder::new(&self.scope);
        let constraints =
            constraints.iter().map(|text| builder.condition(text)).collect::<Result<Vec<_>, _>>()?;
        let texts =
            outputs.iter().map(|output| builder.number(&output.formula)).collect::<Result<Vec<_>, _>>()?;
        let mut graph = builder.finish();
        // Everything is minimised from here on.
        let negate = |(node, output): (NodeId, &Objective)| {
            if output.maximize { graph.apply(Op::Neg, &[node]) } else { node }
        };
        let outputs = texts.into_iter().zip(outputs).map(negate).collect();
        let roots = Roots { constraints, outputs };
        let axes = self.touched(&graph, &roots);
        Ok(Bound { graph, roots, axes })
    }

    fn touched(&self, graph: &Graph, roots: &Roots) -> Vec<usize> {
        let lengths = self.space.lengths();
        let wide: Vec<usize> = (0..lengths.len()).filter(|&axis| lengths[axis] > 1).collect();
        Depends::new(graph, self.space, &wide).axes(roots.constraints.iter().chain(&roots.outputs).copied())
    }

    fn program(
        &self,
        bound: Bound,
        fixed: bool,
        outer: Option<usize>,
        control: &Control,
    ) -> Result<Program, Error> {
        let order = Order { axes: bound.axes, fixed, outer };
        Ok(Program::new(bound.graph, self.space, &bound.roots, &order, self.level, control)?)
    }

    /// The front, best first by the objectives in order, then by index: of each group if there are groups, in their
    /// order. Of each only some rows that cover it, with [`FrontQuestion::rows`].
    ///
    /// # Errors
    ///
    /// [`Error::Formula`], [`Error::Limit`] if and only if the front has more than `max_rows` rows, [`Error::Held`] if
    /// more than 40 million configurations (and four times `max_rows`) wait to be dominated before that is known,
    /// [`Error::Interrupted`], [`Error::Memory`].
    ///
    /// # Panics
    ///
    /// If there is no objective.
    pub fn pareto(&self, question: &FrontQuestion<'_>, control: &Control) -> Result<Answer, Error> {
        assert!(!question.objectives.is_empty(), "a front has at least one objective");
        let mut bound = self.bind(question.constraints, question.objectives)?;
        self.touch_groups(&mut bound, question.groups);
        if self.searches(&bound) {
            search::pareto(self, bound, question, control)
        } else {
            front::pareto(self, bound, question, control)
        }
    }

    /// The best configuration by the true value of one objective, then by index: of each group if
    /// there are groups, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::Formula`], [`Error::Interrupted`], [`Error::Memory`].
    pub fn best(
        &self,
        objective: &Objective,
        constraints: &[String],
        groups: Option<&Groups<'_>>,
        control: &Control,
    ) -> Result<Answer, Error> {
        let mut bound = self.bind(constraints, std::slice::from_ref(objective))?;
        self.touch_groups(&mut bound, groups);
        if self.searches(&bound) {
            search::best(self, bound, objective, groups, control)
        } else {
            best::best(self, bound, objective, groups, control)
        }
    }

    /// Everything whose objective is at most the best plus `within` times the best's size: of each group, in
    /// their order, best first, then by index; axes that nothing reads are free. With [`Near::then`], the front of that, and the answer's
    /// objectives are those.
    ///
    /// # Errors
    ///
    /// [`Error::Formula`], [`Error::Limit`] if there are more than `max_rows`, [`Error::Held`] as in
    /// [`pareto`](Self::pareto) if there is a front to look for, [`Error::Interrupted`], [`Error::Memory`].
    pub fn near(&self, question: &Near<'_>, control: &Control) -> Result<Answer, Error> {
        let objectives: Vec<Objective> =
            std::iter::once(question.objective).chain(question.then).cloned().collect();
        let mut bound = self.bind(question.constraints, &objectives)?;
        self.touch_groups(&mut bound, question.groups);
        search::near(self, bound, question, &objectives, control)
    }

    /// Counts the axis of groups among those that a question touches.
    fn touch_groups(&self, bound: &mut Bound, groups: Option<&Groups<'_>>) {
        if let Some(axis) = groups.map(|groups| groups.axis).filter(|&axis| self.space.lengths()[axis] > 1)
            && !bound.axes.contains(&axis)
        {
            bound.axes.push(axis);
            bound.axes.sort_unstable();
        }
    }

    /// Every configuration that meets the constraints, in index order, with the values of `columns`
    /// (returned as the answer's objectives).
    ///
    /// # Errors
    ///
    /// [`Error::Formula`], [`Error::Interrupted`], [`Error::Limit`] if the answer needs more than
    /// `max_bytes`, [`Error::Memory`] if it needs more than there is.
    pub fn table(
        &self,
        columns: &[String],
        constraints: &[String],
        max_bytes: u64,
        control: &Control,
    ) -> Result<Answer, Error> {
        table::table(self, columns, constraints, max_bytes, control)
    }

    /// Whether any configuration meets all constraints.
    ///
    /// # Errors
    ///
    /// [`Error::Formula`], [`Error::Interrupted`], [`Error::Memory`].
    pub fn any(&self, constraints: &[String], control: &Control) -> Result<bool, Error> {
        let bound = self.bind(constraints, &[])?;
        if self.searches(&bound) {
            search::any(self, bound, control)
        } else {
            best::any(self, bound, control)
        }
    }

    /// Formulas to be evaluated at given configurations.
    ///
    /// # Errors
    ///
    /// [`FormulaError`] if a formula cannot be read.
    pub fn columns(&self, formulas: &[String]) -> Result<Columns<'a>, FormulaError> {
        let mut builder = Builder::new(&self.scope);
        let roots = formulas.iter().map(|text| builder.number(text)).collect::<Result<Vec<_>, _>>()?;
        Ok(Columns::new(self.space, builder.finish(), roots, self.level))
    }

    /// The axes of two or more values that a formula touches.
    ///
    /// # Errors
    ///
    /// [`FormulaError`] if the formula cannot be read.
    pub fn axes(&self, formula: &str) -> Result<Vec<usize>, FormulaError> {
        Ok(self.bind(&[], &minimized(&[formula.to_owned()]))?.axes)
    }

    /// Which term sits on which axes, and what is left for each configuration.
    ///
    /// # Errors
    ///
    /// [`Error::Formula`], [`Error::Memory`].
    pub fn explain(&self, objectives: &[Objective], constraints: &[String]) -> Result<Explanation, Error> {
        let bound = self.bind(constraints, objectives)?;
        if self.searches(&bound) {
            let arranged = search::arranged(self, self.space, &bound, None, &Control::new(1))?;
            return Ok(explain::explain_search(&bound.graph, arranged, &bound.roots)?);
        }
        let order = Order { axes: bound.axes, fixed: false, outer: None };
        Ok(explain::explain(&bound.graph, self.space, &bound.roots, &order)?)
    }
}

impl Answer {
    /// Configurations with their minimised objectives, as they are told.
    fn new(
        space: &Space,
        points: Points,
        objectives: &[Objective],
        stats: Stats,
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let mut positions = vec![Vec::new(); space.lengths().len()];
        for column in &mut positions {
            *column = memory::room(points.indices.len())?;
        }
        for indices in points.indices.chunks(LOOK) {
            control.check()?;
            space.push_positions(indices, &mut positions)?;
        }
        let minimized = points.objectives.into_iter().zip(objectives);
        let objectives = minimized
            .map(|(mut values, objective)| {
                if objective.maximize {
                    values.iter_mut().for_each(|value| *value = -*value);
                }
                values
            })
            .collect();
        Ok(Self { positions, objectives, stats })
    }
}

fn minimized(formulas: &[String]) -> Vec<Objective> {
    formulas.iter().map(|formula| Objective { formula: formula.clone(), maximize: false }).collect()
}
