"""`idp explain` and `idp error`: why a request was refused, which claims pass. Not here: why a person
cannot sign in (`cli/why`)."""
