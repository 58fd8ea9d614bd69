"""The directory's pages below /danh-ba: units, sites, people, groups, lists, reform days."""

from web.pages.directory import groups, imports, levels, people, picker, reforms, sites, units

ROUTES = [
    *units.ROUTES,
    *levels.ROUTES,
    *sites.ROUTES,
    *people.ROUTES,
    *groups.ROUTES,
    *imports.ROUTES,
    *reforms.ROUTES,
    *picker.ROUTES,
]
