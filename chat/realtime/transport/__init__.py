"""How bytes come and leave: Engine.IO on sockets that the event loop reads and writes itself.

Nothing in here knows what a chat is; any python-socketio application can be served by it.
"""
