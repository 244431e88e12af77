"""Looks at very many files with a process for each CPU. Standard library only, and little of it, to start fast.

`search.search` finds duplicates. The processes are forked from one that has a single thread; for any other one,
`remote.search` does the same in a program of its own.
"""
