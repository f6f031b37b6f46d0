"""`idp psc …`: what may be asked about Pro Santé Connect. Not here: talking to it (`adapters/psc`)."""
