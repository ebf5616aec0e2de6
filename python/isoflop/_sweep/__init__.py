"""Sweeps: a space, a law, quantities and constraints, and the questions one can ask of them.

In come axes and words; a `Description` holds them, a `Binding` takes them to the engine, `ask` puts a
question and makes the answer a frame.
"""
