"""Where a library must run: base operating systems, instruction sets, OpenVINO versions."""
