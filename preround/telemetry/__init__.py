"""What operators see of the program: logs, traces, metrics and health, and in none of them a patient."""
