"""Reform day: units are merged, split, renamed and ended on one date.

`plan` compares the lists with the tree of the day before; `moves` says where sites, people and
accounts go; `service` keeps the reform from its draft until it has taken effect.
"""
