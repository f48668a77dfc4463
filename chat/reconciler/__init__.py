"""Once a second, brings what other processes stored and changed to the clients of this process.

Every change of a room sets its `touched_at` by the database's clock. So the reconciler finds the
changes of other processes and of commands, and those that a crash left unpushed. It reads the rooms
touched lately, lets their logs catch up, and compares members: delivery is at least once. It also
ends connections whose session ended elsewhere.
"""
