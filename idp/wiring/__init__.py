"""Contains HOW IT IS PUT TOGETHER: adapters chosen, flows and endpoints built. Not here: decisions at run time."""
