"""The guideline library and its evaluation."""
