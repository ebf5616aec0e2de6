"""Loops of the rivals that more than one yardstick asks: pure Python, and the staircase of numba."""
