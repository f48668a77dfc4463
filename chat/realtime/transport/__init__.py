"""The transport: Engine.IO on sockets that the event loop reads and writes itself.

It knows nothing of the chat and can serve any python-socketio application.
"""
