"""Real models, tiny and random: they prove wires, forms and failures, and nothing about medicine."""
