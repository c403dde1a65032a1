"""What a worker can be asked for. Only worker/main.py imports these: they need OpenVINO."""
