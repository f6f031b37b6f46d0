"""Contains documents anybody may read, and the dispatcher in front of Flask. Not here: personal data."""
