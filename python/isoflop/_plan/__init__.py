"""Plans: from a budget to a recommendation with its reasons.

    arguments --question--> what is asked --search--> the best plan, by sweeps --answer--> Plan --text,
    export-->

Every file imports from those before it only:

- `choices` and `question` read and check the arguments; `pools` writes mixtures of data as formulas; `grid`
  makes axes.
- `search` puts the question to the engine: one sweep over all plans, another around its best; `mixing` does
  where each pool needs an axis.
- `ranges`, `opinions`, `remarks` say how sure one can be; `answer` puts the parts together.
- `result` is what a user holds, `text` and `export` how it is read; `plan` is the function.
"""
