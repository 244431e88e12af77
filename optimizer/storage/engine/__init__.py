"""Looks at very many files with a process for each CPU. Standard library only, and little of it, to start fast.

`ask` is what the product uses: it has `searching` find duplicates, or `measuring` measure, in this process and its
children where it has a single thread, and in a program of its own otherwise.
"""
