"""Building: a pure plan, then an engine that carries it out, then publishing what came of it."""
