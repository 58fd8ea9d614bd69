"""The composition root: starts the parts in order, and stops them in the reverse order."""



