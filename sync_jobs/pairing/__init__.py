"""Across the two sides: which contest is probably which, and who is who. Decides; touches nothing.

`contests` suggests the map, `ladder` finds a registration for each entry, `conclusions` says what follows for an edition.
Reading and writing is left to `people`, `contest_map` and `entry_links`.
"""
