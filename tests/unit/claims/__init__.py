"""Claims, the verifier, the seal."""
