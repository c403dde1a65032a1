"""Checks in real OpenVINO, always in a process of its own: a bad library can only end that one."""
