"""What adapters are made of: session, pace, retry, paging, tokens, parsing. Knows no provider, no database, no page."""
