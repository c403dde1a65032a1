"""`ovext test`: an op proved from its description and its reference in numpy."""
