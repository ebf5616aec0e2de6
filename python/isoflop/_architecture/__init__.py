"""Architectures: from a shape that can be trained to counts, compute and memory.

records -> content -> rows -> catalogue -> shapes
"""
