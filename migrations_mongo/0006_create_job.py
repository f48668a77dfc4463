"""Create the jobs, and give groups whose owner is no member another one.

Two processes that changed the members of a group at once could leave it with such an owner. From
now on `room.user_identity` alone says who owns a group; a stored role "owner" means "admin" for
anybody else.
"""

from typing import Any

from pymongo.database import Database

JOB = {
    "kind": {"bsonType": "string", "minLength": 1},
    "due_at": {"bsonType": "date"},  # by the database's own clock
    "created_at": {"bsonType": "date"},
}


def migrate(db: Database[dict[str, Any]]) -> None:
    if "job" not in db.list_collection_names():
        db.create_collection("job")
    validator = {"$jsonSchema": {"bsonType": "object", "properties": JOB}}
    db.command("collMod", "job", validator=validator, validationLevel="moderate")
    db["job"].create_index("due_at", name="due")
    # What was not adopted yet has none; `db adopt` gives its groups their owners.
    groups = db["room"].find({"kind": "group"}, {"user_identity": 1})
    for group in list(groups):
        give_owner(db, group)


def give_owner(db: Database[dict[str, Any]], group: dict[str, Any]) -> None:
    """Let the admin, or else the member, who came first own a group whose owner is no member."""
    owner = group.get("user_identity")
    of_group = {"room_identity": group["_id"], "role": {"$gt": ""}}
    if db["user_room"].find_one({**of_group, "user_identity": owner}, {"_id": 1}):
        return
    ranks = {"owner": 0, "admin": 1}
    members = sorted(
        db["user_room"].find(of_group),
        key=lambda found: (ranks.get(found["role"], 2), found.get("created_at", 0)),
    )
    heir = next((one["user_identity"] for one in members if is_there(db, one)), None)
    if heir is not None:
        db["room"].update_one(
            {"_id": group["_id"], "user_identity": owner},
            {"$set": {"user_identity": heir}, "$currentDate": {"touched_at": True}},
        )


def is_there(db: Database[dict[str, Any]], member: dict[str, Any]) -> bool:
    """Tell whether the account of a member is there, and was not deleted."""
    account = {"_id": member["user_identity"], "deleted_at": None}
    return db["user"].find_one(account, {"_id": 1}) is not None
