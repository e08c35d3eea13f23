"""What can be touched: a FHIR server, guidelines."""
