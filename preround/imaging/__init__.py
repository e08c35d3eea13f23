"""Reading pictures: a room of its own, off until the site switches it on."""
