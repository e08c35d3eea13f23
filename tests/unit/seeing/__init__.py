"""Reading pictures, without a model."""
