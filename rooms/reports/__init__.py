"""Reports: what a month's meetings came to (`sums`), kept up to date (`ledger`), read for a period
and a unit (`reports`), what travel was saved (`travel`), written as .xlsx (`sheet`) and as a paper
(`paper`)."""
