"""The tasks of a worker. Only worker/main.py imports these modules: they need OpenVINO."""
