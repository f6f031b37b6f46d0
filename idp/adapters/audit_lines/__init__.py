"""The lines of the audit trail on their way out of this process, each after its commit: `lines` and where they go."""
