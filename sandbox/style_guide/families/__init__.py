"""Contains the states, a module for each family: what belongs together for whoever looks at it."""
