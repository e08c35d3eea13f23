"""What is said and whether it stands: claims, the verifier, composing, the seal."""
