"""The pictures of people and groups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chat import policies
from chat.errors import NotFound
from chat.models import File, Room, User
from chat.repositories.users import UserRepository
from chat.services.file_removal import FileRemoval
from chat.services.files import FileService
from chat.services.groups import Groups
from chat.services.membership_cache import MembershipCache
from chat.services.profiles import Profiles
from chat.services.uploads import Body


class Avatars:
    """Changes the pictures of users and groups; the one before is removed afterwards.

    A crash in between leaves no picture without a use: a new one that nobody uses is removed after
    a day, and the one before is looked at again a minute after it was released.
    """

    def __init__(
        self,
        *,
        users: UserRepository,
        membership_cache: MembershipCache,
        files: FileService,
        removal: FileRemoval,
        profiles: Profiles,
        groups: Groups,
    ) -> None:
        self._users = users
        self._membership_cache = membership_cache
        self._files = files
        self._removal = removal
        self._profiles = profiles
        self._groups = groups

    def set_of_user(self, user: User, body: Body) -> User:
        """Receive a user's picture, and push it like other changes of the profile."""
        with self._kept_if_used(self._files.receive_avatar(user, body)) as file:
            return self._change_of_user(user, file.id)

    def remove_of_user(self, user: User) -> User:
        """Remove a user's picture, if there is one."""
        return self._change_of_user(user, "")

    def set_of_group(self, user: User, room_id: str, body: Body) -> Room:
        """Receive a group's picture, and push it like other changes of the group."""
        self._require_managed(user, room_id)  # before the bytes, and again after them
        with self._kept_if_used(self._files.receive_avatar(user, body, room_id)) as file:
            return self._change_of_group(user, room_id, file.id)

    def remove_of_group(self, user: User, room_id: str) -> Room:
        """Remove a group's picture, if there is one."""
        return self._change_of_group(user, room_id, "")

    def _change_of_user(self, user: User, avatar: str) -> User:
        present = self._users.find(user.id)  # `user` was read before the bytes came
        if present is None:
            raise NotFound()
        if present.avatar == avatar:
            return present
        with self._replacing(present.avatar):
            return self._profiles.update_profile(user, {"avatar": avatar})

    def _change_of_group(self, user: User, room_id: str, avatar: str) -> Room:
        room = self._require_managed(user, room_id)
        if room.avatar == avatar:
            return room
        with self._replacing(room.avatar):
            return self._groups.update(user, room_id, {"avatar": avatar})

    def _require_managed(self, user: User, room_id: str) -> Room:
        room, membership = self._membership_cache.require_fresh(user.id, room_id)
        policies.require_manager(room, membership)
        return room

    @contextmanager
    def _kept_if_used(self, file: File) -> Iterator[File]:
        try:
            yield file
        except Exception:
            self._removal.release(file.id)  # after an outage it may be in use nevertheless
            raise

    @contextmanager
    def _replacing(self, before: str) -> Iterator[None]:
        if before:
            self._removal.release(before)
        yield
        if before:
            self._removal.remove(before)
