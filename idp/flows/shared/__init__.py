"""Contains what several flows do alike: the desk, mails, what a proof does to an account. Not here: a page."""
