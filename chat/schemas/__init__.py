"""The wire, in and out: what a body or a payload may hold, and how an answer looks."""
