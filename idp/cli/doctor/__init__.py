"""`idp doctor`: the whole installation at a look. Not here: what is asked (`wiring/doctor`)."""
