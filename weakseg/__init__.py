"""Weakly supervised sound event detection, time-frequency segmentation and separation."""
