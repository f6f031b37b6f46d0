"""How it is put together.

Contains the choice of adapters, and every flow and endpoint, built. Not here: decisions at run time.
"""
