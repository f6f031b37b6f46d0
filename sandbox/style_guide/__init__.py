"""The living style guide: the provider's pages and mails in every state; the one part of the sandbox that knows it.

Contains what stands in them (`cast`, `houses`), the states by family (`families`), where they are gathered (`pages`,
`mails`), how one is written (`rendering`). Not here: what is expected of them, which is for the tests.
"""
