"""Proposals, policy, the gate."""
