"""What tests share; no test and no data.

Random questions: `question` is one, `generators` draws it, `plantings` adds trouble to it, `draws` says where
the draws come from (a seed, or Hypothesis by `strategies`), `shrink` makes one that fails smaller.
Answers: `grid` and `arrays` are an oracle on arrays, `surface` asks through the public functions, `compare`
tells what differs. `awkward` holds numbers that rounding, order or text go wrong with, `processes` starts the
command line.
"""
