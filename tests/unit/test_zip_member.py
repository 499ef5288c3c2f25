"""weakseg.zip_member: members inflated at once are what zipfile reads, or are left to it."""

import copy
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg.zip_member import inflated


@pytest.fixture
def write(tmp_path):
    def make(data, before=b"", compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / "a.zip"
        with path.open("wb") as file:
            file.write(before)
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("other", b"other")
                info = zipfile.ZipInfo("folder/näme")
                info.extra = b"\x99\x99\x04\x00abcd"
                archive.writestr(info, data, compression)
        with zipfile.ZipFile(path) as archive:
            return path, archive.getinfo("folder/näme")

    return make


@given(data=st.binary(max_size=300), repeats=st.integers(0, 500))
def test_a_member_is_what_zipfile_reads(tmp_path_factory, data, repeats):
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", data * repeats)
    with zipfile.ZipFile(path) as archive:
        assert inflated(path, archive.getinfo("a")) == archive.read("a")


def test_lengths_of_the_local_header_and_what_lies_before_the_archive_are_skipped(write):
    data = np.random.default_rng(1).integers(0, 9, 100_000, np.uint8).tobytes()
    assert inflated(*write(data)) == data
    assert inflated(*write(data, before=b"#!/bin/sh\n")) == data


def test_other_members_are_left_to_zipfile(write):
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert inflated(*write(b"data", compression=kind)) is None
    path, info = write(b"data")
    info.flag_bits |= 1
    assert inflated(path, info) is None


@pytest.mark.parametrize("place", ["signature", "name length", "data", "end"])
def test_damage_is_left_to_zipfile(write, place):
    path, info = write(np.random.default_rng(2).bytes(1000))
    at = {"signature": 0, "name length": 27, "data": 300, "end": 900}[place]
    damaged = bytearray(path.read_bytes())
    damaged[info.header_offset + at] ^= 0x55
    path.write_bytes(damaged)
    assert inflated(path, info) is None
    path.write_bytes(damaged[: info.header_offset + 10])
    assert inflated(path, info) is None
    path.unlink()
    assert inflated(path, info) is None


def test_a_stream_that_becomes_more_than_it_promised_is_not_followed(write):
    path, info = write(bytes(1_000_000))
    less = copy.copy(info)
    less.file_size = 1000
    assert inflated(path, less) is None
