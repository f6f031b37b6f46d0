"""Contains revocation lists and OCSP answers of IGC-Santé. Not here: the verdict on a card (`cards`)."""
