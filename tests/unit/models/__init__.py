"""How models are reached, tested without one."""
