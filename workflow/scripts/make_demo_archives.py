"""Generate the demo's recordings, in archives of the published layout."""

from pathlib import Path

from _step import step

from weakseg.demo_audio import write_demo_archives

if __name__ == "__main__":
    with step(snakemake.log[0]):
        write_demo_archives(Path(snakemake.output.archives[0]).parent, **snakemake.params.settings)
