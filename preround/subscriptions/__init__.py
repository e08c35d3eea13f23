"""What happens on the FHIR server begins rounds: told by its subscriptions, or asked for in turn."""
