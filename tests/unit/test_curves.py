"""Learning curves on a disk that cannot take them (test_training.py reads what is written)."""

import logging
import resource

from weakseg.curves import Curves


def test_a_full_disk_ends_the_curves_and_nothing_else(tmp_path, caplog):
    """TensorBoardX's own writer would wait forever for a thread that has ended."""
    _, most = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, most))
        with caplog.at_level(logging.WARNING), Curves(tmp_path / "curves", 0, 2) as curves:
            for iteration in range(100):
                curves.add_loss(iteration, 0.5)
                curves.add_row({"iteration": iteration, "loss": 0.5})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caplog.messages == [f"warning: {tmp_path / 'curves'}: no more curves (File too large)"]


def test_without_a_directory_nothing_is_written_or_said(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.DEBUG), Curves(None, 0, 2) as curves:
        curves.add_loss(1, 0.5)
        curves.add_row({"iteration": 1, "loss": 0.5})
    assert not caplog.messages and not list(tmp_path.iterdir())


def test_a_directory_that_cannot_be_made_is_no_hindrance(tmp_path, caplog):
    (tmp_path / "curves").touch()
    with Curves(tmp_path / "curves", 0, 2) as curves:
        curves.add_loss(1, 0.5)
    (message,) = caplog.messages
    assert message.startswith(f"warning: {tmp_path / 'curves'}: no more curves (")
