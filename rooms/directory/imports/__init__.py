"""Lists of units, sites, people and groups as CSV: read, checked, previewed, written, exported.

`tables` reads a file into lines of checked cells; `units`, `sites`, `people` and `groups` compare
them with what the store holds; `service` shows the plan and writes it, all or nothing.
"""
