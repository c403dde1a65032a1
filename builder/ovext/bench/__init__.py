"""Measuring a project's ops against baselines, all in one run."""
