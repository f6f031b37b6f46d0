"""Contains WHO ASKS: the relying parties of clients.yaml. Not here: how they prove themselves (`protocol`)."""
