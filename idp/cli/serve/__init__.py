"""`idp serve`: the web processes. Not here: what is done beside the requests (`cli/worker`)."""
