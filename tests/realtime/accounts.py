"""An account for connections whose cost is not what a test is about."""

from chat.budgets import Budgets

UNMETERED = Budgets().of_user("nobody")
