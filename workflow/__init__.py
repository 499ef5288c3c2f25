"""What belongs to Snakemake and not to the method: configuration, digests of code, resuming."""
