"""The embedded FHIR R4 sandbox: thin, honest, on one SQLite file of its own."""
