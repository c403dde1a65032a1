"""From a description to the files of an op, and of a project around it."""
