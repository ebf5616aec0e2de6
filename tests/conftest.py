"""Settings of the property tests.

The profile `ci` draws the same examples on every run, so that a failure is never a matter of luck; with
`--hypothesis-profile=explore` they are others each time, and many more where a test names no number.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],  # the oracle is slow on purpose
)
settings.register_profile("explore", settings.get_profile("ci"), derandomize=False, max_examples=2000)
settings.load_profile("ci")
