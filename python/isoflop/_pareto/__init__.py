"""Fronts of given rows, and the words in which fronts are asked for."""
