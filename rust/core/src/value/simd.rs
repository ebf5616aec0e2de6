//! Run-time choice of the vector instructions that lane loops are compiled with.
//!
//! A [`Level`] exists only for a processor that has it, and [`Level::run`] runs a closure compiled for it.
//! The level changes the time, never a bit of a result.

// Calling a function compiled for more instructions than the architecture's least is unsafe by nature.
#![allow(unsafe_code, reason = "a function of a detected level is called")]

use std::fmt;
use std::str::FromStr;

/// A set of vector instructions that this processor has.
///
/// On x86-64 these are the levels of its ABI supplement, as far as lane loops use them: `x86-64` (SSE2),
/// `x86-64-v2` (SSE4.2) and `x86-64-v3` (AVX2, without fused multiply-add). Elsewhere there is one, `portable`.
///
/// # Examples
///
/// ```
/// use isoflop_core::value::simd::Level;
/// let level = Level::detect();
/// assert_eq!(level.name().parse(), Ok(level));
/// assert_eq!(level.run(#[inline(always)] || 2.0_f64.sqrt()), 2.0_f64.sqrt());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
// Private inside: every level comes from `available`.
pub struct Level(Known);

#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Known {
    Sse2,
    Sse42,
    Avx2,
}

#[cfg(not(target_arch = "x86_64"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Known {
    Portable,
}

/// A name that is not a level of this processor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a SIMD level of this processor, which has: {}", join(available))]
pub struct UnknownLevel {
    /// The name that was given.
    pub name: String,
    /// What there is instead.
    pub available: Vec<Level>,
}

fn join(levels: &[Level]) -> String {
    levels.iter().map(|level| level.name()).collect::<Vec<_>>().join(", ")
}

impl Level {
    /// The levels of this processor, lowest first; at least one.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut levels = vec![Self(Known::Sse2)];
        if is_x86_feature_detected!("sse3")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1")
            && is_x86_feature_detected!("sse4.2")
            && is_x86_feature_detected!("popcnt")
        {
            levels.push(Self(Known::Sse42));
            if is_x86_feature_detected!("avx")
                && is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("movbe")
            {
                levels.push(Self(Known::Avx2));
            }
        }
        levels
    }

    /// The levels of this processor, lowest first; at least one.
    #[cfg(not(target_arch = "x86_64"))]
    #[must_use]
    pub fn available() -> Vec<Self> {
        vec![Self(Known::Portable)]
    }

    /// The highest level of this processor.
    #[must_use]
    pub fn detect() -> Self {
        *Self::available().last().expect("every processor has the lowest level")
    }

    /// What the level is called, as it is parsed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Known::Sse2 => "x86-64",
            #[cfg(target_arch = "x86_64")]
            Known::Sse42 => "x86-64-v2",
            #[cfg(target_arch = "x86_64")]
            Known::Avx2 => "x86-64-v3",
            #[cfg(not(target_arch = "x86_64"))]
            Known::Portable => "portable",
        }
    }

    /// Runs `work` compiled for this level, as far as it is inlined.
    ///
    /// Write `level.run(#[inline(always)] || ...)`: a closure of some size is otherwise left a function
    /// of its own, compiled for the lowest level. The same holds for what it calls.
    #[inline]
    pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Known::Sse2 => work(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value was made by `available`, so the processor has these instructions.
            Known::Sse42 => unsafe { with_sse42(work) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value was made by `available`, so the processor has these instructions.
            Known::Avx2 => unsafe { with_avx2(work) },
            #[cfg(not(target_arch = "x86_64"))]
            Known::Portable => work(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse3,ssse3,sse4.1,sse4.2,popcnt")]
fn with_sse42<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse3,ssse3,sse4.1,sse4.2,popcnt,avx,avx2,bmi1,bmi2,lzcnt,movbe")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        let available = Self::available();
        match available.iter().find(|level| level.name() == name) {
            Some(level) => Ok(*level),
            None => Err(UnknownLevel { name: name.to_owned(), available }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_come_lowest_first_and_are_read_back_by_name() {
        let levels = Level::available();
        assert!(levels.is_sorted());
        for level in levels {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
    }

    #[test]
    fn an_unknown_level_is_answered_with_those_there_are() {
        let message = "avx9".parse::<Level>().expect_err("there is no such level").to_string();
        assert!(message.contains("`avx9`"), "{message}");
        assert!(message.contains(Level::detect().name()), "{message}");
    }

    #[test]
    fn every_level_runs_the_work_once_and_returns_its_result() {
        for level in Level::available() {
            let mut runs = 0;
            assert_eq!(
                level.run(|| {
                    runs += 1;
                    7
                }),
                7
            );
            assert_eq!(runs, 1);
        }
    }
}
