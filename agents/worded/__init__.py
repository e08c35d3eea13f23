"""The reasoner on a model: code gathers, checks and counts; the model chooses, weighs and words."""
