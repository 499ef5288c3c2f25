"""What the files of a data set are called.

The Snakefile reads this, and needs no package for it: the Python that starts a run has Snakemake
and what that requires, and each rule's environment the rest.
"""

from __future__ import annotations

from pathlib import PurePosixPath

# what libsndfile reads but RAW, whose files say nothing of what they hold, and other endings of it
AUDIO_SUFFIXES = (
    ".aif", ".aifc", ".aiff", ".au", ".avr", ".caf", ".flac", ".htk", ".ircam", ".mat4", ".mat5",
    ".mp3", ".mpc2k", ".nist", ".oga", ".ogg", ".opus", ".paf", ".pvf", ".rf64", ".sd2", ".sds",
    ".snd", ".sph", ".svx", ".voc", ".w64", ".wav", ".wavex", ".wve", ".xi",
)  # fmt: skip
# other endings of sound, which libsndfile does not read
OTHER_AUDIO = (
    ".3gp", ".aac", ".ac3", ".amr", ".ape", ".m4a", ".m4b", ".mka", ".mkv", ".mov", ".mp4", ".mpc",
    ".webm", ".wma", ".wv",
)  # fmt: skip
SCENE_SET, EVENT_SET = "TUT-urban-acoustic-scenes-2018-development", "FSDKaggle2018"


def is_audio(name: str) -> bool:
    """Whether a file name is one of a recording (hidden files, as macOS leaves them, are not)."""
    base = PurePosixPath(name).name
    return base.lower().endswith(AUDIO_SUFFIXES) and not base.startswith(".")


def is_other_audio(name: str) -> bool:
    """Whether a file name is one of sound that libsndfile does not read."""
    base = PurePosixPath(name).name
    return base.lower().endswith(OTHER_AUDIO) and not base.startswith(".")


def mixture_name(number: int) -> str:
    """The name of a planned mixture, numbered from 0 through all folds."""
    return f"{number:05d}.wav"


def fold_of_mixture(name: str, folds: int, per_fold: int) -> int | None:
    """The fold (from 1) that a planned mixture is in; None for what is no mixture's name."""
    digits = name.removesuffix(".wav")
    number = int(digits) if digits.isascii() and digits.isdecimal() else -1
    known = 0 <= number < folds * per_fold and name == mixture_name(number)
    return number // per_fold + 1 if known else None


def archive_names() -> list[str]:
    """The names of the files that `weakseg.demo_audio.write_demo_archives` writes."""
    scenes = [f"{SCENE_SET}.{part}.zip" for part in ("meta", "audio.1", "audio.2")]
    return [*scenes, f"{EVENT_SET}.meta.zip", f"{EVENT_SET}.audio_train.zip"]
