"""Pictures of every page and mail in every state, and one sheet of them all: `python -m tests.pictures`, `make pages`.

Contains what a picture is taken of and in which form (`forms`), taking them (`camera`), the sheet that shows them by
family and form (`sheet`). Not here: the states (`sandbox.style_guide`), what is expected of pages (`tests/pages`).
"""
