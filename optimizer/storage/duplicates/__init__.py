"""Files of equal content: by size, then by inode, then by what is in them.

The rest of the product knows `find.find_duplicates` and the values of `report`.
"""
