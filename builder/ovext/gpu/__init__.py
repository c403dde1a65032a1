"""GPU layers: their description, what the plugin makes of it, and running it there."""
