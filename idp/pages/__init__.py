"""Contains WHAT EACH PAGE SHOWS: one frozen view-model per template. Not here: how it is rendered (`web`)."""
