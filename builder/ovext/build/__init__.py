"""Building: a pure plan, an engine that carries it out, and publishing."""
