"""The reference, written from the program itself: commands, settings, schemas, HTTP and model cards."""
