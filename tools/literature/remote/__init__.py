"""Literature over the network: off unless the settings allow it, asked in concepts of our own tables only."""
