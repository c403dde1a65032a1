"""What loads a library or runs OpenVINO, always in a process of its own: a bad library can only end that one."""
