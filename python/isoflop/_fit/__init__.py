"""Laws from one's own runs: `fit`, `Fit`, `forms`, `compare`, `isoflop_fit`.

runs + form --runs.py, bind.py--> columns and names --engine--> coefficients --result.py--> Fit, with a Law
"""
