"""`make bench-check`: what each flow costs, counted, against `bench/check.json`.

Contains counting on the wire and in the interpreter. Not here: rates and times of a server (`bench`).
"""
