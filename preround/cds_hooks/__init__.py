"""CDS Hooks 2.0: what other systems ask about a patient or an order, answered in cards by code alone."""
