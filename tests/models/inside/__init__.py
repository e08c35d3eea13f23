"""Run by the Python of the models' environment; started by `test_inside.py`."""
