#!/bin/sh
# Print the path of a Python that this project runs on and that can make virtual environments.
usable='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
    path=$(command -v "$name") || continue
    if "$path" -c "$usable" 2>/dev/null; then
        "$path" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
echo "This needs Python 3.11, 3.12 or 3.13 with venv (on Debian and Ubuntu: apt-get install python3-venv);" \
    "PYTHON=/path/to/python names one." >&2
exit 1
