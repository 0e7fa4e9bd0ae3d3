"""Tests of the Python client. PGHOST and the like say where the server is; its database has the extension."""
