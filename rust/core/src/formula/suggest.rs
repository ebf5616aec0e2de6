//! What may have been meant: habits from other languages, and names that look alike.

use super::error::Suggestion;
use super::ops::{Syntax, TABLE};

/// Symbols of other languages and what to write for them; a longer one stands before its beginning.
const SYMBOLS: &[(&str, &str)] = &[
    ("===", "write `==`"),
    ("!==", "write `!=`"),
    ("<>", "write `!=`"),
    ("=>", "write `>=`"),
    ("=<", "write `<=`"),
    ("=", "write `==` to compare"),
    ("!", "write `not` before a condition, or `!=` for unequal"),
    ("&&", "write `and`"),
    ("&", "write `and`"),
    ("||", "write `or`"),
    ("|", "write `or`"),
    ("//", "write `floor(a / b)`"),
    ("^", "write `**` for a power"),
    ("%", "write `a - b*floor(a / b)` for a remainder, or `/ 100` for a percentage"),
    ("~", "write `not` before a condition"),
    ("?", "write `where(condition, a, b)`"),
    ("[", "there are no lists and no indexing; write parentheses `(` and `)`"),
    ("]", "there are no lists and no indexing; write parentheses `(` and `)`"),
    ("{", "write parentheses `(` and `)`"),
    ("}", "write parentheses `(` and `)`"),
    ("\"", "there are no texts; compare numbers, or read a boolean column by its name"),
    ("'", "there are no texts; compare numbers, or read a boolean column by its name"),
    ("`", "write names without quotes"),
    ("$", "write names without it"),
    ("#", "there are no comments inside a formula"),
    (";", "write one formula; a comma separates operands"),
    (":", "there are no slices and assignments; write `where(condition, a, b)` for a choice"),
    ("\\", "a formula may go on in the next line without it"),
    // Characters that look like operators, from papers and word processors.
    ("×", "write `*`"),
    ("·", "write `*`"),
    ("⋅", "write `*`"),
    ("∙", "write `*`"),
    ("•", "write `*`"),
    ("∗", "write `*`"),
    ("÷", "write `/`"),
    ("∕", "write `/`"),
    ("⁄", "write `/`"),
    ("−", "write the hyphen-minus `-`"),
    ("–", "write the hyphen-minus `-`"),
    ("—", "write the hyphen-minus `-`"),
    ("‐", "write the hyphen-minus `-`"),
    ("≤", "write `<=`"),
    ("≥", "write `>=`"),
    ("≠", "write `!=`"),
    ("≈", "write two comparisons around the value"),
    ("∧", "write `and`"),
    ("∨", "write `or`"),
    ("¬", "write `not`"),
    ("√", "write `sqrt(x)`"),
    ("∞", "there is no infinity; compare with a large number such as 1e300"),
    ("π", "write 3.141592653589793"),
    ("²", "write `**2`"),
    ("³", "write `**3`"),
    ("“", "there are no texts; compare numbers, or read a boolean column by its name"),
    ("”", "there are no texts; compare numbers, or read a boolean column by its name"),
    ("‘", "there are no texts; compare numbers, or read a boolean column by its name"),
    ("’", "there are no texts; compare numbers, or read a boolean column by its name"),
    ("（", "write the ASCII `(`"),
    ("）", "write the ASCII `)`"),
    ("，", "write the ASCII `,`"),
    ("\u{a0}", "this is a no-break space; write an ordinary one"),
    ("\u{202f}", "this is a no-break space; write an ordinary one"),
    ("\u{200b}", "this is an invisible space; remove it"),
    ("\u{feff}", "this is a byte order mark; remove it"),
];

/// Words that other languages reserve.
const WORDS: &[(&str, &str)] = &[
    ("if", "write `where(condition, a, b)`"),
    ("else", "write `where(condition, a, b)`"),
    ("is", "write `==`"),
    ("in", "compare with each value: `x == 1 or x == 2`"),
    ("lambda", "write the expression alone"),
    ("for", "a formula is computed for every configuration by itself"),
];

/// Names and operations of other languages, and what to write for them.
const HINTS: &[(&str, &str)] = &[
    ("ln", "the natural logarithm is `log(x)`"),
    ("lg", "write `log10(x)` or `log2(x)`"),
    ("log1p", "write `log(1 + x)`"),
    ("expm1", "write `exp(x) - 1`"),
    ("exp2", "write `2**x`"),
    ("exp10", "write `10**x`"),
    ("pow", "write `x**y`"),
    ("power", "write `x**y`"),
    ("square", "write `x**2`"),
    ("cbrt", "write `x**(1/3)`"),
    ("round", "write `floor(x + 0.5)`"),
    ("int", "write `floor(x)`"),
    ("trunc", "write `floor(x)`, or `ceil(x)` below zero"),
    ("ceiling", "write `ceil(x)`"),
    ("float", "every value is a binary64 number already"),
    ("mod", "write `x - y*floor(x / y)`"),
    ("fmod", "write `x - y*floor(x / y)`"),
    ("sign", "write `(x > 0) - (x < 0)`"),
    ("clip", "write `min(max(x, low), high)`"),
    ("clamp", "write `min(max(x, low), high)`"),
    ("minimum", "write `min(x, y)`"),
    ("maximum", "write `max(x, y)`"),
    ("sum", "write `x + y`"),
    ("fabs", "write `abs(x)`"),
    ("select", "write `where(condition, a, b)`"),
    ("ifelse", "write `where(condition, a, b)`"),
    ("isnan", "write `x != x`"),
    ("pi", "write 3.141592653589793"),
    ("e", "write `exp(1)`, or 1e9 for a power of ten"),
    ("inf", "there is no infinity; compare with a large number such as 1e300"),
    ("infinity", "there is no infinity; compare with a large number such as 1e300"),
    ("nan", "there is no such literal; NaN is what `0/0` gives"),
    ("true", "there are no truth values to write; a comparison is 0 or 1"),
    ("false", "there are no truth values to write; a comparison is 0 or 1"),
    ("none", "every name has a number"),
];

/// The longest refused symbol that `text` begins with, and what to write instead.
pub(super) fn refused_symbol(text: &str) -> Option<(&'static str, &'static str)> {
    SYMBOLS.iter().find(|(symbol, _)| text.starts_with(symbol)).copied()
}

/// A refused word, and what to write instead.
#[inline]
pub(super) fn refused_word(name: &str) -> Option<(&'static str, &'static str)> {
    // Asked for every name: all of them are short or rare.
    if !matches!(name.len(), 2..=4 | 6) {
        return None;
    }
    WORDS.iter().find(|(word, _)| *word == name).copied()
}

/// The power of ten that a letter after a number stands for: `70B`.
pub(super) fn power_of_ten(suffix: &str) -> Option<u8> {
    match suffix {
        "k" | "K" => Some(3),
        "M" => Some(6),
        "B" | "G" => Some(9),
        "T" => Some(12),
        "P" => Some(15),
        _ => None,
    }
}

/// What `name` may have meant where a value stands; `candidates` are the names that mean something.
pub(super) fn for_name<'c>(name: &str, candidates: impl Iterator<Item = &'c str> + Clone) -> Suggestion {
    suggest(name, candidates, "give it as an axis, a scalar or a quantity")
}

/// What `name` may have meant where an operation is called.
pub(super) fn for_operation(name: &str) -> Suggestion {
    let calls = TABLE.iter().filter(|row| row.syntax == Syntax::Call).map(|row| row.name);
    suggest(name, calls, "to multiply, write `*` before the parenthesis")
}

fn suggest<'c>(
    name: &str,
    candidates: impl Iterator<Item = &'c str> + Clone,
    otherwise: &'static str,
) -> Suggestion {
    let equal = candidates.clone().filter(|candidate| candidate.eq_ignore_ascii_case(name)).min();
    if let Some(candidate) = equal {
        return Suggestion::Nearest(candidate.to_owned());
    }
    if let Some((_, advice)) = HINTS.iter().find(|(word, _)| word.eq_ignore_ascii_case(name)) {
        return Suggestion::Hint(advice);
    }
    match nearest(name, candidates) {
        Some(candidate) => Suggestion::Nearest(candidate.to_owned()),
        None => Suggestion::Nothing(otherwise),
    }
}

/// The candidate that `name` is most likely a slip of; the alphabetically first of several.
fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    /// Longer names are no slips, and the distance takes time in proportion to the product of lengths.
    const LONGEST: usize = 64;
    candidates
        .filter_map(|candidate| {
            let longer = name.len().max(candidate.len());
            let allowed = (longer / 3).min(3);
            if longer > LONGEST || name.len().abs_diff(candidate.len()) > allowed {
                return None;
            }
            let distance = distance(name.as_bytes(), candidate.as_bytes());
            (distance <= allowed).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`, case aside
/// (optimal string alignment: Damerau and Levenshtein, no piece edited twice).
fn distance(a: &[u8], b: &[u8]) -> usize {
    let (mut before, mut last, mut row) =
        (vec![0; b.len() + 1], (0..=b.len()).collect::<Vec<_>>(), vec![0; b.len() + 1]);
    let same = |x: u8, y: u8| x.eq_ignore_ascii_case(&y);
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(!same(a[i - 1], b[j - 1]));
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]) {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits_and_swaps() {
        for (a, b, expected) in [
            ("", "", 0),
            ("params", "params", 0),
            ("", "abc", 3),
            ("prams", "params", 1),
            ("tokesn", "tokens", 1),
            ("Tokens", "tokens", 0),
            ("ca", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
            assert_eq!(distance(b.as_bytes(), a.as_bytes()), expected, "{b} {a}");
        }
    }

    #[test]
    fn nothing_far_away_is_suggested() {
        assert_eq!(nearest("quality", ["params", "tokens"].into_iter()), None);
        assert_eq!(nearest("x", ["y"].into_iter()), None);
        assert_eq!(nearest("paramz", ["params", "param"].into_iter()), Some("param"));
    }

    #[test]
    fn a_longer_symbol_stands_before_its_beginning() {
        for (later, (symbol, _)) in SYMBOLS.iter().enumerate() {
            for (earlier, _) in &SYMBOLS[..later] {
                assert!(!symbol.starts_with(earlier), "{earlier} hides {symbol}");
            }
        }
    }

    #[test]
    fn refused_words_have_a_length_that_is_looked_at() {
        for entry in WORDS {
            assert_eq!(refused_word(entry.0), Some(*entry));
        }
    }
}
