"""Models in OpenVINO's IR format: small ones written for a check, and existing ones changed."""
