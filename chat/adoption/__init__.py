"""Adopting the database of an older server of the known design: `flask --app chat.app db adopt`.

First it reads and plans everything (`planning.py`), which finds all problems. Then it writes the
plan (`writing.py`), which can be interrupted and resumed. Like a migration it uses the database
directly, and writes documents in the format of the repositories.
"""
