"""`make bench`: how fast, with how many requests and statements, and in how much memory, beside a floor measured in the same run.

Not collected by pytest. Every measurement is a process of its own, so that none inherits another's memory or caches.
"""
