"""What every door shows alike: items, results, dates, the figures of a rollout."""
