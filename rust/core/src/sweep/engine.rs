//! The engine: binds a question's formulas, and has it answered by enumeration or by search.

use super::answer::Answer;
use super::bound::Bound;
use super::columns::Columns;
use super::groups::Groups;
use super::question::{FrontQuestion, Method, Name, Near, Objective, minimized};
use super::{enumerate, search};
use crate::control::Control;
use crate::error::Error;
use crate::formula::graph::{Graph, NodeId};
use crate::formula::{Builder, FormulaError, Meaning, Scope};
use crate::program::enumerate::Order;
use crate::program::explain::{self, Explanation};
use crate::program::{Depends, Roots};
use crate::space::Space;
use crate::value::ops::Op;
use crate::value::simd::Level;

/// Configurations from which on a search is quicker than looking at them all. (Measured on fronts and bests under laws
/// that separate and that do not: from 5e4 on a front is as quick or quicker, at 1e6 four times; a best loses 0.1 ms at
/// most before it gains.) With more than two objectives most configurations are on the front of a small space, and far
/// more of them have to be looked at.
const WORTH_A_SEARCH: u64 = 1 << 16;
const WORTH_A_WIDE_SEARCH: u64 = 1 << 24;

/// A space, and what the names in formulas mean.
#[derive(Debug)]
pub struct Engine<'a> {
    space: &'a Space,
    scope: Scope,
    level: Level,
    method: Method,
}

impl<'a> Engine<'a> {
    /// Names the columns of `space`, and everything in `names`; `known` names are suggested when a
    /// formula misspells them, but have no meaning.
    pub fn new(
        space: &'a Space,
        names: impl IntoIterator<Item = (String, Name)>,
        known: impl IntoIterator<Item = String>,
        level: Level,
    ) -> Self {
        let names = names.into_iter();
        let mut scope = Scope::with_capacity(space.columns().len() + names.size_hint().0);
        for (column, data) in space.columns().iter().enumerate() {
            // One value is a constant, and folds.
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
    fn searches(&self, bound: &Bound<'_>) -> bool {
        let touched = bound.touched();
        // Without an axis there is no box to split.
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

    pub(super) fn bind(
        &self,
        constraints: &[String],
        outputs: &[Objective],
    ) -> Result<Bound<'a>, FormulaError> {
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
        Ok(Bound { space: self.space, level: self.level, graph, roots, axes })
    }

    fn touched(&self, graph: &Graph, roots: &Roots) -> Vec<usize> {
        let lengths = self.space.lengths();
        let wide: Vec<usize> = (0..lengths.len()).filter(|&axis| lengths[axis] > 1).collect();
        Depends::new(graph, self.space, &wide).axes(roots.constraints.iter().chain(&roots.outputs).copied())
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
        bound.touch_groups(question.groups);
        if self.searches(&bound) {
            search::pareto(bound, question, control)
        } else {
            enumerate::pareto(bound, question, control)
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
        bound.touch_groups(groups);
        if self.searches(&bound) {
            search::best(bound, objective, groups, control)
        } else {
            enumerate::best(bound, objective, groups, control)
        }
    }

    /// Everything whose objective is at most the best plus `within` times the best's size: of each group, in
    /// their order, best first, then by index; axes that no formula reads are free. With [`Near::then`], the front of
    /// that, and the answer's objectives are those.
    ///
    /// # Errors
    ///
    /// [`Error::Formula`], [`Error::Limit`] if there are more than `max_rows`, [`Error::Held`] as in
    /// [`pareto`](Self::pareto) if there is a front to look for, [`Error::Interrupted`], [`Error::Memory`].
    pub fn near(&self, question: &Near<'_>, control: &Control) -> Result<Answer, Error> {
        let objectives: Vec<Objective> =
            std::iter::once(question.objective).chain(question.then).cloned().collect();
        let mut bound = self.bind(question.constraints, &objectives)?;
        bound.touch_groups(question.groups);
        search::near(bound, question, &objectives, control)
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
        let bound = self.bind(constraints, &minimized(columns))?;
        let counted = if constraints.is_empty() { None } else { Some(self.bind(constraints, &[])?) };
        enumerate::table(bound, counted, max_bytes, control)
    }

    /// Whether any configuration meets all constraints.
    ///
    /// # Errors
    ///
    /// [`Error::Formula`], [`Error::Interrupted`], [`Error::Memory`].
    pub fn any(&self, constraints: &[String], control: &Control) -> Result<bool, Error> {
        let bound = self.bind(constraints, &[])?;
        if self.searches(&bound) { search::any(bound, control) } else { enumerate::any(bound, control) }
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
            let arranged = search::presolved(&bound, None, &Control::new(1))?;
            return Ok(explain::explain_search(&bound.graph, arranged, &bound.roots)?);
        }
        let order = Order { axes: bound.axes, fixed: false, outer: None };
        Ok(explain::explain(&bound.graph, self.space, &bound.roots, &order)?)
    }
}
