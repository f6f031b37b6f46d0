"""THE OUTSIDE, one file per port and technology. Only `app.py` and `cli/` import from here."""
