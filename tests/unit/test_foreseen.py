"""What a user is told of errors that are no fault of the program."""

import errno

import numpy as np
import pytest
import torch

from weakseg.foreseen import message_of


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "", "a/b.csv"), "a/b.csv: No space left on device; make room"),
        (OSError(errno.EFBIG, "", "b.csv"), "b.csv: File too large; allow larger files (ulimit"),
        (OSError(errno.EROFS, "", "b.csv"), "b.csv: Read-only file system; make its disk writable"),
        (OSError(errno.EACCES, "", b"b.csv"), "b.csv: Permission denied; allow it (chmod)"),
        (OSError(errno.ENOENT, "", "b.csv"), "b.csv: No such file or directory; put it back"),
        (OSError(errno.EIO, "broken", "b.csv"), "[Errno 5] broken: 'b.csv'"),
        (OSError(), "OSError"),
        (ValueError("two\nlines"), "two lines"),
        (MemoryError(), "out of memory (no more is told); give it more"),
        (OSError(errno.ENOMEM, "Cannot allocate"), "out of memory ([Errno 12] Cannot allocate);"),
        (OSError("memory allocation failed for chunk"), "out of memory (memory allocation"),
        (RuntimeError("can't start new thread"), "out of memory (can't start"),
        (RuntimeError("std::bad_alloc"), "out of memory (std::bad_alloc);"),
    ],
)
def test_is_one_line_with_name_cause_and_remedy(error, expected):
    message = message_of(error)
    assert message.startswith(expected) and "\n" not in message


def test_an_error_of_the_program_has_no_message():
    for error in (RuntimeError("shapes differ"), KeyError("a"), AssertionError()):
        assert message_of(error) is None


@pytest.mark.parametrize("take", [np.empty, torch.empty])
def test_memory_that_is_refused_is_seen_whoever_asked_for_it(take):
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        take(1 << 50)
    assert message_of(caught.value).startswith("out of memory (")
