"""What a store that fills up costs."""
