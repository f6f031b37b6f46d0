"""Contains HTTP calls to relying parties, with their bounds. Not here: calls to PSC (`psc`), IGC-Santé (`igc`)."""
