"""The page of the report, for people who have never heard of the project."""
