"""Load libraries and run OpenVINO, always in a separate process: a bad library can end only that process."""
