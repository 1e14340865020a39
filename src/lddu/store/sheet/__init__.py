"""Clip tables as people write them, .csv, .tsv or .parquet: one reader for arrays to import and media to extract."""
