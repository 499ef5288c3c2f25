"""Cards are told apart by what CUDA_VISIBLE_DEVICES calls them, so no card is needed here."""

import multiprocessing
import os

import pytest
import torch

from weakseg import cards
from weakseg.cards import VISIBLE, one_card, visible_cards

FORK = multiprocessing.get_context("fork")  # the children have torch already


@pytest.fixture(autouse=True)
def own_locks(monkeypatch, tmp_path):
    monkeypatch.setattr(cards, "lock_folder", lambda: tmp_path / "locks")
    monkeypatch.setattr(cards, "SECONDS_BETWEEN_LOOKS", 0.02)


def hold(pipe):
    """Take a card, tell which one, hold it until told."""
    lines = []
    with one_card("cuda", lines.append) as card:
        pipe.send((card, os.environ[VISIBLE], lines))
        pipe.recv()


def start(jobs):
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=hold, args=(theirs,), daemon=True)
    process.start()
    jobs.append((process, ours))
    return jobs[-1]


def answer(pipe):
    assert pipe.poll(30), "no card was taken"
    return pipe.recv()


def test_jobs_beside_each_other_get_different_cards(monkeypatch):
    monkeypatch.setenv(VISIBLE, "2, GPU-8f6a")
    jobs = []
    first, second = answer(start(jobs)[1]), answer(start(jobs)[1])
    assert {first[0], second[0]} == {"2", "GPU-8f6a"}
    assert first[0] == first[1] and second[0] == second[1]

    third_job, third = start(jobs)
    assert not third.poll(0.3)  # all are held: it waits
    jobs[0][1].send("end")
    card, _, lines = answer(third)
    assert card == first[0]
    assert lines[0] == "all 2 cards are held by other jobs, waiting for one" and len(lines) == 2
    for process, pipe in jobs[1:]:
        pipe.send("end")
        process.join(30)
    assert third_job.exitcode == 0


def test_a_killed_job_gives_its_card_back(monkeypatch):
    monkeypatch.setenv(VISIBLE, "0,1")
    jobs = []
    card = answer(start(jobs)[1])[0]
    jobs[0][0].kill()
    jobs[0][0].join(30)
    with one_card("cuda", print) as ours:
        assert ours == card == "0"


@pytest.mark.parametrize("before", ["3,5", None])
def test_the_environment_is_put_back(monkeypatch, before):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    if before is None:
        monkeypatch.delenv(VISIBLE, raising=False)
    else:
        monkeypatch.setenv(VISIBLE, before)
    with pytest.raises(ValueError), one_card("cuda", print) as card:
        assert os.environ[VISIBLE] == card == ("0" if before is None else "3")
        raise ValueError
    assert os.environ.get(VISIBLE) == before


def test_nothing_is_locked_where_there_is_nothing_to_choose(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.delenv(VISIBLE, raising=False)
    with one_card("cuda", print) as card:
        assert card is None and VISIBLE not in os.environ
    monkeypatch.setenv(VISIBLE, "5")  # as Slurm gives it, to more than one job where it renumbers
    with one_card("cuda", print) as card, one_card("cuda", print) as again:
        assert card == again == "5"
    monkeypatch.setenv(VISIBLE, "0,1")
    with one_card("cpu", print) as card:
        assert card is None and os.environ[VISIBLE] == "0,1"
    assert visible_cards() == ["0", "1"]
    assert not (tmp_path / "locks").exists()


@pytest.mark.parametrize("kind", ["link", "open to all", "file"])
def test_locks_lie_in_a_folder_of_the_user_alone(monkeypatch, tmp_path, kind):
    folder, other = tmp_path / "locks", tmp_path / "other"
    other.mkdir()
    if kind == "link":
        folder.symlink_to(other)
    elif kind == "file":
        folder.touch()
    else:
        folder.mkdir()
        folder.chmod(0o777)
    monkeypatch.setenv(VISIBLE, "0,1")
    with (
        pytest.raises((ValueError, FileExistsError), match="locks"),
        one_card("cuda", print),
    ):
        pass
    assert not list(other.iterdir())


def test_the_folder_of_locks_is_private(monkeypatch, tmp_path):
    monkeypatch.setenv(VISIBLE, "0,1")
    with one_card("cuda", lambda line: None):
        assert (tmp_path / "locks").stat().st_mode & 0o777 == 0o700
