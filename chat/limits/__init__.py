"""Rate limits: the rules, and the counters."""
