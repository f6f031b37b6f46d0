"""`idp audit …`: the trail, read, taken elsewhere, verified. Not here: what every command leaves
there (`cli/audited`)."""
