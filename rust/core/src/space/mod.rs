//! Axes, and the way between a configuration and its index.

/// Why axes do not make a space.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// More configurations than an index can count.
    #[error("the space has more than 2^63 - 1 configurations")]
    TooLarge,
}
