"""Deleting an account."""

from __future__ import annotations

from chat.errors import InvalidInput, Unauthorized
from chat.models import User
from chat.repositories.users import UserRepository
from chat.services.account_removal import AccountRemoval
from chat.services.password_checks import PasswordChecks
from chat.services.proofs import Proofs


class AccountDeletion:
    """Deletes an account, for its owner after a check of the password."""

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
        """Delete the caller's own account; raise InvalidInput for a wrong password.

        Its messages stay, without a name. Raises Unauthorized when the account is deleted already.
        """
        confirmed = self._checks.confirm(user.id, password, address=address)
        # Confirming takes a while, so check once more that this password is still the stored one.
        # A password change after this line does not stop the deletion.
        if confirmed is None or not self._users.has_password_of(confirmed):
            if self._users.find(user.id) is None:
                raise Unauthorized()
            raise InvalidInput({"password": ["invalid.password"]})
        self.end(user)

    def end(self, user: User) -> None:
        """Delete an account without its password, as an operator may."""
        # First, while the e-mail address is still taken: later this would use up the code of the
        # address's next owner.
        self._proofs.end_resets(user)
        self._removal.remove(user.id)
