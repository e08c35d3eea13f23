"""The same tests of our FHIR client on servers of different makers."""
