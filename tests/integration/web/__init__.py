"""The pages and the API over ASGI."""
