"""A FHIR R4 server as tools: read, search, write what was signed, load."""
