"""One page that shows what was built, where it loads, what was proved and how fast it is."""
