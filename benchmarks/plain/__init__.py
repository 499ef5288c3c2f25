"""The baselines: plain implementations, a clip at a time, with common libraries."""
