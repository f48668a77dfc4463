"""An account for connections in tests that do not measure cost."""

from chat.budgets import Budgets

UNMETERED = Budgets().of_user("nobody")
