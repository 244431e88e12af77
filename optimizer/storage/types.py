"""The types of actions on storage. Pure."""

QUARANTINE = "quarantine"  #: move a file into the quarantine of its root; reversible, frees nothing yet
RESTORE = "restore"  #: bring back what an action changed
COMPRESS = "compress"  #: put a compressed file in the place of one; reversible, frees at once
PURGE = "purge"  #: delete what lies in quarantine, for good
