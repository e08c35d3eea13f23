"""What lasts: every table, one migration chain, artifacts by content, leases on runs."""
