"""Contains /authorize and /par: a request becomes a code or an error. Not here: which page is due."""
