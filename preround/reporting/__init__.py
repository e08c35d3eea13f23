"""What Preround says of itself on the FHIR server: the queue as Tasks, the audit chain as AuditEvents."""
