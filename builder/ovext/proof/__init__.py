"""`ovext test`: prove an op from its description and its reference in numpy."""
