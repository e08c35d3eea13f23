"""The FHIR tools, each against a small server that answers as real ones do."""
