"""What this machine has: processes, compiler, CMake, OpenVINO."""
