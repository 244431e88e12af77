"""Storage: what uses the space of a tree, and what of it is wasted."""
