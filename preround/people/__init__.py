"""People at the door: who came in and how, their sessions, the one-time link, how often anybody may knock."""
