"""Real models and hardware, and how good the models are by a law."""
