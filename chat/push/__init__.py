"""Web push: tells people of messages while no page of theirs is open.

A consumer of the rooms' logs notes who is to be told of what. Senders look once more, encrypt, and
hand each push to the service of the browser's maker.
"""
