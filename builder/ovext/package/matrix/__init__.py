"""Every target of every project from one command."""
