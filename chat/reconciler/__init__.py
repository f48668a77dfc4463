"""Once a second: what others stored and changed reaches the clients of this process.

Other processes, commands and whatever a crash left unpushed are noticed by one mark: a change of a
room touches it, by the database's own clock. The reconciler reads the rooms touched lately, lets
their logs catch up, and compares members, so delivery is at least once. It also ends connections
whose session ended elsewhere.
"""
