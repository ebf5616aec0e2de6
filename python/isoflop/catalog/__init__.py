"""The catalogue: data files, and what reads them."""
