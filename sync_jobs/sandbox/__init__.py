"""The providers simulated over one invented world, as real HTTP servers. Imported by its command and by tests, by nothing else."""
