"""What the record says: facts, series, courses, problems, and what the appraisal makes of them. Pure."""
