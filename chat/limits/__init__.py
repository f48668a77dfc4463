"""How often something may be tried: the rules, and what counts under them."""
