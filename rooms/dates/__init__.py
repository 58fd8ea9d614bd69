"""Working days, holidays, office hours: the dates a secretariat counts with."""
