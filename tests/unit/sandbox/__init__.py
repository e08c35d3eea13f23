"""The embedded FHIR sandbox: its pure parts, and a client over ASGI for the integration tests."""
