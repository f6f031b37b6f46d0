"""Applications that nobody here wrote, each by its page of `docs/relying-parties`, as written there.

Contains the pages' blocks (`page`), their environments from locks (`environment`), the applications (`application`),
the person (`person`), the run (`run`) and its table (`table`). Not here: a test of the suite. Installing sixteen
libraries is for `make relying-parties`.
"""
