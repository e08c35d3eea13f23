"""Questions in plain English, answered by rules from the chart."""
