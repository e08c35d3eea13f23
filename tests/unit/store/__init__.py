"""Tables, artifacts, leases, audit."""
