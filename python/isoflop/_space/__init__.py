"""The dimensions of a space: axes as a user gives them, and evenly spaced numbers."""
