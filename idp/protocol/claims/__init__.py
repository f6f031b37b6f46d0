"""Contains what a relying party may learn of a person, and under which `sub`. Not here: accounts."""
