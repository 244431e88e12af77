"""The types of actions on storage. Pure."""

QUARANTINE = "quarantine"  #: move a file into the quarantine of its root; reversible, frees nothing yet
RESTORE = "restore"  #: bring back what an action changed
PURGE = "purge"  #: delete what lies in quarantine, for good
REFLINK = "reflink"  #: let a copy share the blocks of the one that stays; changes nothing that can be seen
HARD_LINK = "hard_link"  #: put a further name of the file that stays in the place of a copy; reversible
REDUNDANT = "redundant"  #: move a copy into quarantine that is equal to the one that stays; reversible
COMPRESS = "compress"  #: put a compressed file in the place of one; reversible, frees at once
CLEAR = "clear"  #: have a cache's own manager clear it; cannot be undone
