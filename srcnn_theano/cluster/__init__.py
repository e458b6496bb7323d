"""Work on the workers of a Dask cluster, `--scheduler ADDRESS`."""
