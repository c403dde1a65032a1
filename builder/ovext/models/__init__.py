"""Models in OpenVINO's IR format: write small ones for checks, and change existing ones."""
