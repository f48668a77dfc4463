"""Take over what older servers of the known design wrote: `flask --app chat.app db adopt`.

First everything is read and planned (`planning.py`), which finds what does not fit; then the plan
is written (`writing.py`), so that it can break off anywhere and be gone on with. Data work like a
migration: it speaks to the database directly, and writes documents as the repositories read them.
"""
