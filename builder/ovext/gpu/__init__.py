"""GPU layers: their description, what the plugin makes of them, and how to run them."""
