"""From one FHIR resource to the facts it states: one module a kind, tolerant of every shape that real charts have."""
