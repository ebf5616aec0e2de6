//! Text to tokens, byte by byte and on demand.
//!
//! What other languages write and this one does not is refused here, with what to write instead
//! ([`super::suggest`] holds those tables).

use super::error::{FormulaErrorKind, Problem, Span, shown};
use super::suggest;
use crate::value::ops::{self, Op};

/// The next piece of a formula.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token {
    /// A finite number.
    Number(f64),
    /// A word: a name, an operation or a word operator.
    Word,
    /// An infix operator made of symbols.
    Symbol(Op),
    Open,
    Close,
    Comma,
    End,
}

/// A place in a text.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    position: usize,
}

/// What words are made of, looked up by byte.
const IN_WORD: [bool; 256] = {
    let mut in_word = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        in_word[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    in_word
};

#[inline]
fn in_word(byte: u8) -> bool {
    IN_WORD[usize::from(byte)]
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, position: 0 }
    }

    /// The text of a span that this lexer gave out.
    #[inline]
    pub(super) fn slice(&self, span: Span) -> &'t str {
        &self.text[span.start..span.end]
    }

    #[inline]
    fn byte(&self, position: usize) -> u8 {
        // A zero byte is in no token, so it can stand for the end.
        self.text.as_bytes().get(position).copied().unwrap_or(0)
    }

    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.byte(self.position), b' ' | b'\t' | b'\n' | b'\r') {
            self.position += 1;
        }
    }

    /// Whether the next token is an opening parenthesis.
    #[inline]
    pub(super) fn opens(&mut self) -> bool {
        self.skip_space();
        self.byte(self.position) == b'('
    }

    /// The next token and where it stands.
    #[inline]
    pub(super) fn next(&mut self) -> Result<(Token, Span), Problem> {
        self.skip_space();
        let start = self.position;
        let token = match self.byte(start) {
            b'0'..=b'9' => Token::Number(self.number()?),
            b'.' if self.byte(start + 1).is_ascii_digit() => Token::Number(self.number()?),
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                let rest = &self.text.as_bytes()[start..];
                self.position += rest.iter().position(|&byte| !in_word(byte)).unwrap_or(rest.len());
                Token::Word
            }
            b'(' => self.single(Token::Open),
            b')' => self.single(Token::Close),
            b',' => self.single(Token::Comma),
            _ if start >= self.text.len() => {
                // White space at the end is no place to point at.
                let end = self.text.trim_end().len();
                return Ok((Token::End, Span::new(end, end)));
            }
            _ => self.symbol()?,
        };
        Ok((token, Span::new(start, self.position)))
    }

    #[inline]
    fn single(&mut self, token: Token) -> Token {
        self.position += 1;
        token
    }

    #[inline]
    fn symbol(&mut self) -> Result<Token, Problem> {
        let rest = &self.text.as_bytes()[self.position..];
        let Some(op) = ops::infix_symbol(rest) else {
            return Err(self.refuse(0));
        };
        let length = op.info().name.len();
        // `//`, `<>` and the like begin as operators do.
        if matches!(rest.get(length), Some(b'/' | b'>' | b'='))
            && suggest::refused_symbol(&self.text[self.position..])
                .is_some_and(|(found, _)| found.len() > length)
        {
            return Err(self.refuse(length));
        }
        self.position += length;
        Ok(Token::Symbol(op))
    }

    /// Why no token begins here, although `operator` bytes would make one.
    #[cold]
    fn refuse(&self, operator: usize) -> Problem {
        let rest = &self.text[self.position..];
        let span = |length| Span::new(self.position, self.position + length);
        if rest.starts_with('.') {
            return self.attribute();
        }
        match suggest::refused_symbol(rest) {
            Some((found, advice)) if found.len() > operator => {
                Problem::new(span(found.len()), FormulaErrorKind::Refused { found, advice })
            }
            _ => {
                let character = rest.chars().next().unwrap_or('\0');
                Problem::new(span(character.len_utf8()), FormulaErrorKind::Character { character })
            }
        }
    }

    /// A point where no number begins: `np.log(x)`.
    fn attribute(&self) -> Problem {
        let bytes = self.text.as_bytes();
        let point = self.position;
        let mut start = point;
        while start > 0 && in_word(bytes[start - 1]) {
            start -= 1;
        }
        let mut end = point + 1;
        while in_word(self.byte(end)) {
            end += 1;
        }
        let (object, attribute) = (&self.text[start..point], &self.text[point + 1..end]);
        if object.is_empty() || attribute.is_empty() {
            return Problem::new(
                Span::new(point, point + 1),
                FormulaErrorKind::Refused {
                    found: ".",
                    advice: "a decimal point needs a digit beside it, and there are no attributes",
                },
            );
        }
        let instead = match ops::call(attribute) {
            Some(op) => op.info().name.to_owned(),
            None => shown(&format!("{object}_{attribute}")).into_owned(),
        };
        let found = shown(&self.text[start..end]).into_owned();
        Problem::new(Span::new(start, end), FormulaErrorKind::Attribute { found, instead })
    }

    /// `digit (_? digit)*`, as far as it goes.
    #[inline]
    fn digits(&mut self) {
        let digit = |lexer: &Self, ahead| lexer.byte(lexer.position + ahead).is_ascii_digit();
        while digit(self, 0) || (self.byte(self.position) == b'_' && digit(self, 1)) {
            self.position += 1;
        }
    }

    /// A number as Python writes it, in decimal.
    fn number(&mut self) -> Result<f64, Problem> {
        let start = self.position;
        let mut integer = true;
        if self.byte(start) != b'.' {
            self.digits();
        }
        if self.byte(self.position) == b'.' {
            integer = false;
            self.position += 1;
            if self.byte(self.position).is_ascii_digit() {
                self.digits();
            }
        }
        if matches!(self.byte(self.position), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(self.position + 1), b'+' | b'-'));
            if self.byte(self.position + 1 + sign).is_ascii_digit() {
                integer = false;
                self.position += 1 + sign;
                self.digits();
            }
        }
        let after = self.byte(self.position);
        if after == b'.' || in_word(after) {
            self.tail(start)?;
        }
        let written = &self.text[start..self.position];
        let value = if integer && written.len() <= 15 {
            // Exact, below 10^15; underscores are not digits.
            let digits = written.bytes().filter(|byte| *byte != b'_');
            digits.fold(0_u64, |value, byte| value * 10 + u64::from(byte - b'0')) as f64
        } else if written.contains('_') {
            parsed(&written.replace('_', ""))
        } else {
            parsed(written)
        };
        if value.is_infinite() {
            let kind = FormulaErrorKind::Overflow { found: shown(written).into_owned() };
            return Err(Problem::new(Span::new(start, self.position), kind));
        }
        if integer && written.len() > 15 && !exact(written) {
            let kind = FormulaErrorKind::LargeInteger {
                found: shown(written).into_owned(),
                instead: format!("{value:e}"),
            };
            return Err(Problem::new(Span::new(start, self.position), kind));
        }
        Ok(value)
    }

    /// Looks at what follows a number without a space: fails unless it is another word.
    #[cold]
    fn tail(&self, start: usize) -> Result<(), Problem> {
        let number = &self.text[start..self.position];
        let mut end = self.position;
        while in_word(self.byte(end)) || self.byte(end) == b'.' {
            end += 1;
        }
        let whole = &self.text[start..end];
        let tail = &self.text[self.position..end];
        let advice = if tail.starts_with('.') {
            "a number has one decimal point"
        } else if tail.starts_with('_') {
            "underscores stand between two digits, one at a time"
        } else if number == "0" && tail.starts_with(['x', 'X', 'b', 'B', 'o', 'O']) && tail.len() > 1 {
            "write it in decimal"
        } else if matches!(tail, "e" | "E") {
            "an exponent needs digits after the `e`"
        } else if let Some(exponent) = suggest::power_of_ten(tail)
            && !number.contains(['e', 'E'])
        {
            let kind = FormulaErrorKind::Suffix {
                found: shown(whole).into_owned(),
                instead: format!("{}e{exponent}", shown(number)),
            };
            return Err(Problem::new(Span::new(start, end), kind));
        } else {
            return Ok(());
        };
        let kind = FormulaErrorKind::Number { found: shown(whole).into_owned(), advice };
        Err(Problem::new(Span::new(start, end), kind))
    }
}

fn parsed(digits: &str) -> f64 {
    digits.parse().expect("digits with at most one point and one exponent make a number")
}

/// Whether an integer is at most 2^53.
fn exact(digits: &str) -> bool {
    let value = digits
        .bytes()
        .filter(|byte| *byte != b'_')
        .try_fold(0_u64, |value, byte| value.checked_mul(10)?.checked_add(u64::from(byte - b'0')));
    value.is_some_and(|value| value <= 1 << 53)
}
