"""How good predictions are: pure functions of arrays and event tables, no files, no torch.

Conventions
-----------
- Truth is boolean.  A prediction is positive where score > threshold (strictly).
- A metric of every class is an array `(classes,)`; several metrics are a dictionary of such
  arrays.  Functions that take counts also accept leading axes, such as bootstrap draws.
- A class without a positive in the truth has no value: nan in each metric.  `binary.macro` is
  the mean over the classes that have one, so all metrics of a task average the same classes.
- Times are in seconds, levels in dB.  Two times that differ by at most 1e-6 s are equal.

Modules, to be imported by name: `binary` (the core), `tagging` (clips), `frames`, `masks`,
`event_table`, `events` (collars and segments), `psds`, `separation`, `bootstrap`.
"""
