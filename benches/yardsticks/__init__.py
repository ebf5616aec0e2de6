"""One question each: a module with `run(options)`, which checks its answers and gives lines of the table."""
