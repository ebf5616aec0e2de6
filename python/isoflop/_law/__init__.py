"""Laws: loss formulas with coefficients, fitted range and source; and rules of how to divide a budget.

In comes a table (a file of the catalogue's or of a user's) or the arguments of `Law`; out go losses, optima
and whatever a sweep's formulas ask of a law.
"""
