"""Property tests have no deadline: a busy machine is no failure."""

from hypothesis import settings

settings.register_profile("diemcau", deadline=None)
settings.load_profile("diemcau")
