"""Reading a library without loading it."""
