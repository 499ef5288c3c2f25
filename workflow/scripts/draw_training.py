"""Training curves of all models of one SNR and holdout fold."""

from _step import step

from weakseg.figures.history import draw_history
from weakseg.figures.style import save_all
from weakseg.sealed import read_table

if __name__ == "__main__":
    with step(snakemake.log[0]):
        histories = {
            model: read_table(path)
            for model, path in zip(snakemake.params.models, snakemake.input.histories, strict=True)
        }
        save_all(draw_history(histories), snakemake.output)
