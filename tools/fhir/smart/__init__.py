"""SMART backend services: a program logs in with a signed assertion, without a person (SMART App Launch 2.2)."""
