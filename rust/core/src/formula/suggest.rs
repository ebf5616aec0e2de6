//! What may have been meant: habits from other languages, and names that look alike.

use super::error::Suggestion;
use crate::value::ops::{Syntax, TABLE};

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

/// Words of papers and of other tools, and the names here that they stand for, where they exist.
const MEANT: &[(&str, &[&str])] = &[
    ("n", &["params"]),
    ("size", &["params"]),
    ("parameters", &["params"]),
    ("d", &["tokens"]),
    ("c", &["train_flops"]),
    ("flop", &["train_flops"]),
    ("flops", &["train_flops"]),
    ("compute", &["train_flops"]),
    ("usd", &["total_usd"]),
    ("cost", &["total_usd"]),
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
    match nearest(name, candidates).first() {
        Some(&candidate) => Suggestion::Nearest(candidate.to_owned()),
        None => Suggestion::Nothing(otherwise),
    }
}

/// The candidates that `name` may have meant, each once, the likeliest first.
///
/// Case aside, they are: equal names; what the word stands for in papers and elsewhere; names that it is a
/// slip of, by the number of edits; longer names that begin with it, or with what it is a slip of, or that
/// have it among their words, the shortest first. Equally likely ones come in alphabetical order.
pub fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Vec<&'c str> {
    let mut found: Vec<_> =
        candidates.filter_map(|candidate| Some((likeness(name, candidate)?, candidate))).collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// How a candidate is like a name, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    Equal,
    /// The place among the names that a word stands for.
    Meant(usize),
    /// At this number of edits.
    Slip(usize),
    /// So much longer.
    Part(usize),
}

fn likeness(name: &str, candidate: &str) -> Option<Likeness> {
    /// Longer names are no slips, and the distance takes time in proportion to the product of lengths.
    const LONGEST: usize = 64;
    /// Fewer letters begin too many names.
    const SHORTEST: usize = 3;
    if candidate.eq_ignore_ascii_case(name) {
        return Some(Likeness::Equal);
    }
    let meant = MEANT.iter().filter(|(word, _)| word.eq_ignore_ascii_case(name));
    if let Some(place) =
        meant.filter_map(|(_, names)| names.iter().position(|&known| known == candidate)).next()
    {
        return Some(Likeness::Meant(place));
    }
    let longer = name.len().max(candidate.len());
    if longer > LONGEST {
        return None;
    }
    let (a, b) = (name.as_bytes(), candidate.as_bytes());
    let allowed = (longer / 3).min(3);
    let near = a.len().abs_diff(b.len()) <= allowed;
    // Slips of a beginning are rarely in its first letter, and most candidates have another one.
    let begins = SHORTEST <= a.len() && a.len() < b.len() && a[0].eq_ignore_ascii_case(&b[0]);
    if near || begins {
        let (whole, beginning) = distances(a, b);
        if near && whole <= allowed {
            return Some(Likeness::Slip(whole));
        }
        if begins && beginning <= (a.len() / 4).min(2) {
            return Some(Likeness::Part(b.len() - a.len()));
        }
    }
    let mut words = candidate.split(['_', '-']);
    let part = SHORTEST <= a.len() && words.any(|word| word.eq_ignore_ascii_case(name));
    part.then(|| Likeness::Part(b.len() - a.len()))
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`, and the fewest that
/// lead to a beginning of `b`, case aside (optimal string alignment: Damerau and Levenshtein, no piece edited
/// twice).
fn distances(a: &[u8], b: &[u8]) -> (usize, usize) {
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
    (last[b.len()], last.into_iter().min().unwrap_or(0))
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
            assert_eq!(distances(a.as_bytes(), b.as_bytes()).0, expected, "{a} {b}");
            assert_eq!(distances(b.as_bytes(), a.as_bytes()).0, expected, "{b} {a}");
        }
    }

    #[test]
    fn distance_to_a_beginning_leaves_the_rest_out() {
        for (a, b, expected) in
            [("", "abc", 0), ("ab", "abc", 0), ("hofmann", "hoffmann2022", 1), ("x", "abc", 1)]
        {
            assert_eq!(distances(a.as_bytes(), b.as_bytes()).1, expected, "{a} {b}");
        }
    }

    #[test]
    fn nothing_far_away_is_suggested() {
        assert!(nearest("quality", ["params", "tokens"].into_iter()).is_empty());
        assert!(nearest("x", ["y"].into_iter()).is_empty());
        assert!(nearest("flops", ["loss"].into_iter()).is_empty());
        assert!(nearest("us", ["usd_per_gpu_hour"].into_iter()).is_empty());
    }

    #[test]
    fn the_likeliest_comes_first() {
        for (name, candidates, expected) in [
            ("paramz", &["params", "param"][..], &["param", "params"][..]),
            ("Params", &["params", "PARAMS"], &["PARAMS", "params"]),
            ("tokenz", &["token", "tokens_per_param", "tokens"], &["token", "tokens", "tokens_per_param"]),
            ("flops", &["loss", "peak_flops", "train_flops"], &["train_flops", "peak_flops"]),
            ("flops", &["loss", "peak_flops"], &["peak_flops"]),
            ("gpus", &["gpu_count", "days"], &["gpu_count"]),
            (
                "hofmann",
                &["hoffmann2022-tex", "hoffmann2022", "hossain2025"],
                &["hoffmann2022", "hoffmann2022-tex"],
            ),
            ("N", &["n_layers", "params", "tokens"], &["params"]),
        ] {
            assert_eq!(nearest(name, candidates.iter().copied()), expected, "{name}");
        }
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
