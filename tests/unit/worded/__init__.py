"""What a model is shown, and what becomes of what it says."""
