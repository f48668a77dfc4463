"""Deleting one's own account."""

from __future__ import annotations

from chat.errors import InvalidInput, Unauthorized
from chat.models import User
from chat.repositories.users import UserRepository
from chat.services.account_removal import AccountRemoval
from chat.services.password_checks import PasswordChecks
from chat.services.proofs import Proofs


class AccountDeletion:
    """Asks for the password, and then has the account removed."""

    def __init__(
        self,
        users: UserRepository,
        checks: PasswordChecks,
        proofs: Proofs,
        removal: AccountRemoval,
    ) -> None:
        self._users = users
        self._checks = checks
        self._proofs = proofs
        self._removal = removal

    def delete_account(self, user: User, *, password: str, address: str) -> None:
        """End an account for good; raise InvalidInput for the password.

        What was said stays, signed by nobody. Raises Unauthorized when the account is gone already.
        """
        confirmed = self._checks.confirm(user.id, password, address=address)
        # Ask again, because confirming takes a while. From here on a new password keeps nothing.
        if confirmed is None or not self._users.has_password_of(confirmed):
            if self._users.find(user.id) is None:
                raise Unauthorized()
            raise InvalidInput({"password": ["invalid.password"]})
        self.end(user)

    def end(self, user: User) -> None:
        """Delete an account, as an operator may without its password."""
        # Before the address is free: the code of whoever has it next must not be used up.
        self._proofs.end_resets(user)
        self._removal.remove(user.id)
