"""Who asks: the relying parties.

Contains reading clients.yaml and its rules. Not here: how a relying party proves itself (`protocol`).
"""
