"""Contains what a relying party may learn about a person, and under which `sub`. Not here: accounts."""
