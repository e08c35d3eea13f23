"""Tables of the imaging room."""
