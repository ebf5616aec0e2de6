"""What yardsticks share: spaces, timing, agreement of answers, peak memory, the chart."""
