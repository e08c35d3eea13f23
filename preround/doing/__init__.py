"""What the doors do, whichever of them somebody came through: rounds, decisions, loading, what is kept and let go."""
