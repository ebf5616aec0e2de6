"""The standard quantities: what a name stands for, what may be given for it, and what follows from it.

In come formulas and the names that are given; out goes a `Resolution`: a definition of every name that the
formulas reach. ``catalog/accounting.toml`` is the table behind it.
"""
