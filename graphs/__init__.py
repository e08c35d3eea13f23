"""The order of work: the round as a state machine, its nodes, and the runner that drives it under a lease."""
