//! Keys, dominance, and the front of given rows.
