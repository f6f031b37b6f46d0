"""`idp …`: what an operator does.

`idp accounts …` is in `accounts`, and so on: `options` says what may be typed, other modules do it; one alone is called
`command`. Some nouns share a room: `epoch` and `migrate` are in `db`, `error` in `explain`, `init` and `settings` in
`install`, `card-host`, `mail`, `mails` and `logouts` in `worker`; `man` and `completion`, of all commands, are in
`manual`. On this floor stands what several rooms use. Not here: rules, which are in the rooms of the provider; settings
other than the environment.
"""
