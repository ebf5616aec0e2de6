//! What names mean.

use rustc_hash::FxHashMap;

use super::error::{FormulaErrorKind, Suggestion, shown};
use super::suggest;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// A number.
    Constant(f64),
    /// A column of the space.
    Column {
        /// Its position among the columns.
        column: usize,
        /// Whether its values are conditions.
        boolean: bool,
    },
    /// Another formula: a quantity.
    Formula(String),
}

/// The names that formulas may read, and what each means.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    positions: FxHashMap<String, usize>,
    meanings: Vec<Meaning>,
    suggested: Vec<String>,
}

impl Scope {
    /// A scope without names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A scope without names, with room for `names` of them.
    #[must_use]
    pub fn with_capacity(names: usize) -> Self {
        Self {
            positions: FxHashMap::with_capacity_and_hasher(names, Default::default()),
            meanings: Vec::with_capacity(names),
            suggested: Vec::new(),
        }
    }

    /// Gives `name` a meaning, in place of any that it had.
    ///
    /// A name that no formula can read (`2x`, `log`) does no harm: no formula refers to it.
    pub fn insert(&mut self, name: impl Into<String>, meaning: Meaning) {
        let next = self.meanings.len();
        let position = *self.positions.entry(name.into()).or_insert(next);
        if position == next {
            self.meanings.push(meaning);
        } else {
            self.meanings[position] = meaning;
        }
    }

    /// Makes `name` known to error messages, without a meaning.
    pub fn suggest(&mut self, name: impl Into<String>) {
        self.suggested.push(name.into());
    }

    /// What `name` means.
    #[must_use]
    pub fn meaning(&self, name: &str) -> Option<&Meaning> {
        self.positions.get(name).map(|&position| &self.meanings[position])
    }

    /// How many names have a meaning; their positions lie below.
    pub(super) fn len(&self) -> usize {
        self.meanings.len()
    }

    /// The position of `name`, the name itself and its meaning.
    #[inline]
    pub(super) fn find(&self, name: &str) -> Option<(usize, &str, &Meaning)> {
        let (name, &position) = self.positions.get_key_value(name)?;
        Some((position, name, &self.meanings[position]))
    }

    /// Why a formula cannot read `name`, which has no meaning.
    #[cold]
    pub(super) fn unknown(&self, name: &str) -> FormulaErrorKind {
        let name_shown = shown(name).into_owned();
        if self.suggested.iter().any(|known| known == name) {
            return FormulaErrorKind::Undefined { name: name_shown };
        }
        let known = self.positions.keys().chain(&self.suggested).map(String::as_str);
        let suggestion: Suggestion = suggest::for_name(name, known);
        FormulaErrorKind::UnknownName { name: name_shown, suggestion }
    }
}
