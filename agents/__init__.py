"""Who reasons: evidence in, typed answers out. Nothing here can write or reach the store."""
