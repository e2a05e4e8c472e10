"""Everything that happens without a browser: reading providers, deciding, storing, and the processes that do it."""
