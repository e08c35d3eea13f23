"""Word lists of the literature search, as files a clinician can read."""
