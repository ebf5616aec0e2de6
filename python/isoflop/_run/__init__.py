"""How work runs: threads and progress."""
