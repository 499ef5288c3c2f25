"""Generated recordings for the demo, in archives laid out like the two DCASE 2018 data sets.

Ten kinds of sound event (FSDKaggle2018) and four of scene (TUT Urban Acoustic Scenes 2018) are
synthesised, so that the demo needs no download and goes the same way as published recordings.
Takes of one source (one `freesound_id`, one scene location) share pitch and timbre; each take has
its own length, level, number of hits and small changes of pitch.

The archives are the same bytes on every machine. So every sample is made of operations that
IEEE 754 rounds in one way only (+ - * / floor min max abs, one array operation at a time) on raw
integers of PCG64, whose stream NumPy keeps (NEP 19). Sines, powers, sums and FFTs of NumPy or
libm differ in their last bits between processors, and deflate between zlib builds: none is used,
and the members are stored uncompressed with a fixed date.

A signal is a float64 array `(samples,)`, and so is `t`, a time axis in seconds.
"""

import io
import wave
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weakseg.files import replacing
from weakseg.names import EVENT_SET, SCENE_SET, archive_names

Signal = NDArray[np.float64]
Range = tuple[float, float]

SCENE_RATE, SCENE_SECONDS, N_LOCATIONS = 48_000, 10.0, 4  # locations of each scene
EVENT_RATE, EVENT_SECONDS = 44_100, (0.3, 3.0)
SOURCE_OF_SIX_TAKES = (0, 1, 1, 2, 2, 2)  # sources of one, two and three takes, in turn


class Dice:
    """Random numbers for one source or one take, with the time axis of its sample rate."""

    def __init__(self, rate: int, *key: int) -> None:
        self.rate = rate
        self._bits = np.random.PCG64(key)

    def noise(self, n: int) -> Signal:
        """White noise `(n,)`, uniform in [-1, 1)."""
        return (self._bits.random_raw(n) >> np.uint64(11)).astype(np.float64) / 2.0**52 - 1.0

    def between(self, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        return low + (high - low) * (0.5 + 0.5 * float(self.noise(1)[0]))

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self.between(low, high + 1))

    def seconds(self, duration: float) -> Signal:
        """The time axis of `duration` seconds."""
        return np.arange(int(duration * self.rate)) / self.rate

    def wander(self, t: Signal, hz: float) -> Signal:
        """Noise below about `hz` / 2: random values, `hz` a second, joined by smooth steps."""
        step = max(1, int(self.rate / hz))
        knots = self.noise(len(t) // step + 2)
        x = np.arange(step) / step
        rise = x * x * (3.0 - 2.0 * x)
        return (knots[:-1, None] + (knots[1:] - knots[:-1])[:, None] * rise).ravel()[: len(t)]

    def band(self, t: Signal, centre: float, width: float) -> Signal:
        """Noise of about `width` Hz around `centre` Hz."""
        in_phase = self.wander(t, width) * cosine(t * centre)
        return in_phase + self.wander(t, width) * cosine(t * centre + 0.25)


def cosine(turns: Signal) -> Signal:
    """cos(2 pi turns) within 2e-6: the odd polynomial of degree 7 for a quarter turn in
    Hastings, Approximations for Digital Computers (1955)."""
    x = 1.0 - 4.0 * np.abs(turns - np.floor(turns + 0.5))  # 1, 0, -1 at turns 0, 1/4, 1/2
    square = x * x
    series = 0.079487663 - 0.004362476 * square
    series = 1.570794852 + (series * square - 0.645920978) * square
    return x * series


def decay(t: Signal, length: float) -> Signal:
    """An envelope that begins at 1 and has fallen by 38 dB after `length` seconds."""
    x = np.maximum(0.0, 1.0 - t / (1.5 * length))
    return x * x * x * x


def mix_in(total: Signal, sound: Signal, start: int) -> Signal:
    """Add `sound` to `total` from sample `start`, lengthened where needed."""
    grown = np.concatenate([total, np.zeros(max(0, start + len(sound) - len(total)))])
    grown[start : start + len(sound)] += sound
    return grown


@dataclass(frozen=True)
class Kind:
    """What sounds of one kind have in common. A source draws one value from each range; `tuning`,
    `hits` and small changes of length and level belong to the take."""

    length: Range  # of a hit, seconds
    hits: tuple[int, int] = (1, 1)
    spacing: Range = (0.3, 0.6)  # seconds from hit to hit
    attack: Range = (0.001, 0.002)  # seconds
    damping: float | None = None  # None: held; else partial k decays over length / (1 + damping k)
    pitch: Range = (100, 100)  # Hz
    tuning: Range = (0.95, 1.05)  # of a hit's pitch
    partials: tuple[float, ...] = ()  # frequency over pitch
    tilt: float = 0.3  # partial k has a level of at most 1 / (1 + tilt k)
    glide: tuple[float, float, float] = (0, 0, 1)  # share by which a hit begins higher; seconds
    vibrato_hz: Range = (5, 5)
    vibrato: Range = (0, 0)  # share of the pitch, either way
    rough: float = 0.0  # random phase, turns
    # noise: centre and width in Hz, level, and the share of length over which it decays (0: held)
    noise: tuple[tuple[Range, float, Range, float], ...] = ()


class Voice:
    """One source of a kind: the values that its takes share."""

    def __init__(self, kind: Kind, source: Dice) -> None:
        self.kind = kind
        self.length, self.spacing = source.between(*kind.length), source.between(*kind.spacing)
        self.attack, self.pitch = source.between(*kind.attack), source.between(*kind.pitch)
        self.glide, self.vibrato = source.between(*kind.glide[:2]), source.between(*kind.vibrato)
        self.vibrato_hz = source.between(*kind.vibrato_hz)
        self.levels = [
            source.between(0.2, 1.0) / (1.0 + kind.tilt * k) for k in range(len(kind.partials))
        ]
        self.noise = [
            (source.between(*centre), width, source.between(*level), share)
            for centre, width, level, share in kind.noise
        ]

    def turns(self, t: Signal, take: Dice) -> Signal:
        """The phase of a hit's pitch, in turns."""
        seconds = self.kind.glide[2]
        above = np.maximum(0.0, 1.0 - t / seconds)
        bend = t - 0.5 * self.glide * seconds * above * above  # the integral of 1 + glide above
        bend += self.vibrato / (6.2832 * self.vibrato_hz) * cosine(t * self.vibrato_hz)
        pitch = self.pitch * take.between(*self.kind.tuning)
        return pitch * bend + self.kind.rough * take.wander(t, 60.0)

    def tones(self, t: Signal, take: Dice) -> Signal:
        """The partials of a hit."""
        turns, total = self.turns(t, take), np.zeros_like(t)
        for k, (ratio, level) in enumerate(zip(self.kind.partials, self.levels, strict=True)):
            tone = level * cosine(turns * ratio + take.between(0.0, 1.0))
            if self.kind.damping is not None:
                tone *= decay(t, self.length / (1.0 + self.kind.damping * k))
            total += tone
        return total

    def hit(self, take: Dice) -> Signal:
        """One hit: partials and noise under one attack and release."""
        t = take.seconds(self.length * take.between(0.7, 1.3))
        total = self.tones(t, take)
        for centre, width, level, share in self.noise:
            band = level * take.band(t, centre, width)
            total += band * decay(t, share * self.length) if share else band
        release = (len(t) - np.arange(len(t))) / (0.15 * len(t))
        return total * np.minimum(1.0, np.minimum(t / self.attack, release))

    def sound(self, take: Dice) -> Signal:
        """All hits of a take, each at its own level."""
        total, start = np.zeros(0), 0.0
        for _ in range(take.whole(*self.kind.hits)):
            total = mix_in(total, take.between(0.5, 1.0) * self.hit(take), int(start * take.rate))
            start += self.spacing * take.between(0.85, 1.15)
        return total


SERIES = tuple(float(k) for k in range(1, 17))
# fmt: off
EVENTS: dict[str, Kind] = {
    "Bark": Kind(
        length=(0.12, 0.3), hits=(1, 5), attack=(0.02, 0.06), pitch=(260, 700), tilt=0.1,
        partials=SERIES[:10], glide=(0.2, 0.6, 0.25), rough=0.12,
        noise=(((900, 2200), 1500, (0.2, 1.5), 0),)),
    "Bass_drum": Kind(
        length=(0.3, 0.9), hits=(1, 4), damping=3.0, pitch=(50, 110), partials=SERIES[:3],
        tilt=2.0, glide=(1.0, 4.0, 0.12),
        noise=(((150, 600), 300, (0.05, 0.7), 0.4), ((1000, 4000), 3000, (0.05, 1.0), 0.08))),
    "Chime": Kind(
        length=(0.8, 2.2), hits=(1, 5), spacing=(0.12, 0.5), damping=0.5, pitch=(700, 1600),
        tuning=(0.8, 1.5), partials=(1.0, 2.76, 4.1, 5.4, 8.93)),
    "Cough": Kind(
        length=(0.2, 0.4), hits=(1, 4), spacing=(0.35, 0.7), attack=(0.005, 0.03),
        pitch=(110, 260), partials=SERIES[:8], tilt=0.1, glide=(0.1, 0.4, 0.3), rough=0.2,
        noise=(((450, 900), 400, (0.5, 2.0), 0), ((1300, 2600), 1000, (0.5, 2.0), 0),
               ((3000, 5000), 6000, (0.2, 1.0), 1.0), ((5000, 8000), 9000, (1.0, 4.0), 0.3))),
    "Flute": Kind(
        length=(0.4, 1.4), hits=(1, 3), spacing=(0.4, 1.0), attack=(0.04, 0.12),
        pitch=(420, 1100), tuning=(1.0, 1.5), partials=SERIES[:4], tilt=2.0,
        vibrato_hz=(4, 6.5), vibrato=(0, 0.015), noise=(((900, 2500), 1200, (0.01, 0.15), 0),)),
    "Gunshot_or_gunfire": Kind(
        length=(0.4, 1.8), hits=(1, 4), spacing=(0.15, 0.7), damping=2.0, pitch=(60, 160),
        partials=(1.0,),
        noise=(((5000, 9000), 13000, (0.5, 3.0), 0.15), ((1200, 4000), 5000, (0.2, 1.5), 0.5),
               ((200, 1000), 1200, (0.1, 1.0), 1.0))),
    "Hi-hat": Kind(
        length=(0.06, 0.6), hits=(2, 8), spacing=(0.15, 0.4), damping=0.0, pitch=(3200, 4500),
        partials=(1.0, 1.34, 1.58, 1.93, 2.41, 2.87), tilt=0.0,
        noise=(((8000, 12000), 7000, (0.5, 3.0), 1.0),)),
    "Knock": Kind(
        length=(0.06, 0.14), hits=(2, 7), spacing=(0.12, 0.4), damping=0.4, pitch=(130, 330),
        tuning=(0.97, 1.03), partials=(1.0, 2.4, 5.1),
        noise=(((900, 2500), 2500, (0.2, 1.0), 0.2),)),
    "Telephone": Kind(
        length=(0.4, 1.1), hits=(1, 3), spacing=(0.8, 1.4), attack=(0.005, 0.01),
        pitch=(800, 2000), tuning=(0.99, 1.01), partials=(1.0, 2.0, 3.0, 5.0), tilt=0.8,
        vibrato_hz=(9, 24), vibrato=(0.06, 0.2)),
    "Violin_or_fiddle": Kind(
        length=(0.4, 1.8), hits=(1, 3), spacing=(0.5, 1.0), attack=(0.05, 0.2), pitch=(200, 650),
        tuning=(1.0, 1.5), partials=SERIES, tilt=0.35, vibrato_hz=(4.5, 7),
        vibrato=(0.005, 0.02), noise=(((2500, 4000), 4000, (0.02, 0.2), 0),)),
}
HUM = Kind(length=(15, 15), pitch=(49, 51), partials=(2.0, 4.0, 6.0, 10.0, 12.0), tilt=0.5)
HALL = Kind(length=(15, 15), noise=(((300, 900), 600, (0.5, 1.0), 0),))
LEAVES = Kind(length=(15, 15), noise=(((3000, 6000), 5000, (0.5, 1.0), 0),))
BIRD = Kind(length=(0.05, 0.2), hits=(2, 9), spacing=(0.1, 0.3), attack=(0.01, 0.03),
            pitch=(2500, 5500), tuning=(0.9, 1.1), partials=(1.0,), glide=(-0.3, 0.3, 0.2))
TALKER = Kind(length=(0.15, 0.3), hits=(60, 70), spacing=(0.2, 0.35), attack=(0.03, 0.08),
              pitch=(100, 240), tuning=(0.85, 1.15), partials=SERIES[:14], tilt=0.2, rough=0.1,
              noise=(((2500, 5000), 3000, (0.05, 0.3), 0),))
CAR = Kind(length=(3, 6), attack=(1.0, 2.5), pitch=(40, 90), partials=SERIES[:6], rough=0.3,
           noise=(((500, 1000), 900, (0.3, 0.7), 0), ((1200, 2500), 3000, (0.05, 0.3), 0)))
# fmt: on
# How the rumble's level changes from an octave to the next; then what sounds on it: the kind, how
# many (each its own voice) and how loud.
SCENES: dict[str, tuple[Range, tuple[tuple[Kind, tuple[int, int], Range], ...]]] = {
    "metro_station": ((0.65, 0.8), ((HUM, (1, 2), (0.3, 1.0)), (HALL, (1, 2), (0.3, 1.2)))),
    "park": ((0.6, 0.8), ((LEAVES, (1, 1), (0.05, 0.25)), (BIRD, (3, 8), (0.05, 0.25)))),
    "public_square": ((0.65, 0.8), ((TALKER, (6, 10), (0.1, 0.4)),)),
    "street_traffic": ((0.6, 0.75), ((CAR, (4, 7), (0.2, 0.7)),)),
}


def rumble(dice: Dice, t: Signal, slope: float) -> Signal:
    """Noise, even up to 190 Hz, then each octave `slope` times the level of the one below."""
    total, level = np.zeros_like(t), 1.0
    for octave in range(8):
        total += level * dice.wander(t, 375.0 * 2**octave)
        level *= slope
    return total


def event_signal(label: str, source: int, take: int, seed: int) -> Signal:
    """One take of an event, `(samples,)` at EVENT_RATE, peak 0.15 to 0.95."""
    key = (seed, 1, list(EVENTS).index(label), source)
    dice = Dice(EVENT_RATE, *key, 1, take)
    sound = Voice(EVENTS[label], Dice(EVENT_RATE, *key)).sound(dice)
    shortest, longest = (int(EVENT_RATE * seconds) for seconds in EVENT_SECONDS)
    sound = mix_in(sound, np.zeros(shortest), 0)[:longest]
    sound = sound * np.minimum(1.0, np.arange(len(sound), 0, -1) / 441)  # where it was cut
    sound = sound / float(np.abs(sound).max()) + 0.001 * dice.noise(len(sound))
    return dice.between(0.15, 0.95) / 1.001 * sound


def scene_signal(label: str, location: int, segment: int, seed: int) -> Signal:
    """A scene, `(samples, 2)` at SCENE_RATE, peak 0.3 to 0.8."""
    key = (seed, 2, list(SCENES).index(label), location)
    place, dice = Dice(SCENE_RATE, *key), Dice(SCENE_RATE, *key, 1, segment)
    slopes, layers = SCENES[label]
    t, slope = dice.seconds(SCENE_SECONDS), place.between(*slopes)
    middle, side = rumble(dice, t, slope), 0.4 * rumble(dice, t, slope)
    for kind, count, levels in layers:
        level = place.between(*levels)
        for _ in range(dice.whole(*count)):
            sound = mix_in(np.zeros_like(t), level * Voice(kind, dice).sound(dice), 0)
            if len(sound) == len(t):  # a short sound lies anywhere, also over the end to the start
                sound = np.roll(sound, dice.whole(0, len(t)))
            middle += sound[: len(t)]
    both = np.stack([middle + side, middle - side], axis=1)
    return dice.between(0.3, 0.8) / float(np.abs(both).max()) * both


def wav_bytes(signal: Signal, rate: int) -> bytes:
    """A 16-bit WAV file of `signal`, `(samples,)` or `(samples, channels)`, within -1 to 1."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1 if signal.ndim == 1 else signal.shape[1], 2, rate, 0, "NONE", ""))
        wav.writeframes(np.floor(signal * 32767.0 + 0.5).astype(np.int16).tobytes())
    return file.getvalue()


def write_zip(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write the members (name, bytes) to `path`, uncompressed, all or nothing."""
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, (2018, 4, 13, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16  # not the running system's
            archive.writestr(info, data)


def write_scene_archives(out_dir: Path, recordings_per_scene: int, seed: int) -> None:
    """Write the table of the scenes and, over two archives, their audio."""
    table, files = "filename\tscene_label\tidentifier\tsource_label\n", []
    for label in SCENES:
        for segment in range(recordings_per_scene):
            location = segment % N_LOCATIONS
            name = f"audio/{label}-demo-{location}-{segment}-a.wav"
            table += f"{name}\t{label}\t{label}-{location}\ta\n"
            files.append((f"{SCENE_SET}/{name}", (label, location, segment, seed)))
    meta, *audio = (out_dir / name for name in archive_names()[:3])
    write_zip(meta, [(f"{SCENE_SET}/meta.csv", table.encode())])
    for path, half in zip(audio, (files[0::2], files[1::2]), strict=True):
        write_zip(path, ((name, wav_bytes(scene_signal(*key), SCENE_RATE)) for name, key in half))


def write_event_archives(out_dir: Path, takes_per_class: int, seed: int) -> None:
    """Write the table of the events, ordered by file name, and their audio."""
    rows, files = [], []
    for number, label in enumerate(EVENTS):
        for take in range(takes_per_class):
            code = (take * len(EVENTS) + number) * 0x9E3779B1 % 2**32  # odd: no number twice
            name, source = f"{code:08x}.wav", take // 6 * 3 + SOURCE_OF_SIX_TAKES[take % 6]
            freesound_id, verified = 1 + source * len(EVENTS) + number, int(take % 8 != 7)
            rows.append(f"{name},{label},{verified},{freesound_id},Creative Commons 0\n")
            files.append((f"{EVENT_SET}.audio_train/{name}", (label, source, take, seed)))
    table = "fname,label,manually_verified,freesound_id,license\n" + "".join(sorted(rows))
    wavs = ((name, wav_bytes(event_signal(*key), EVENT_RATE)) for name, key in sorted(files))
    meta, audio = (out_dir / name for name in archive_names()[3:])
    write_zip(meta, [(f"{EVENT_SET}.meta/train_post_competition.csv", table.encode())])
    write_zip(audio, wavs)


def write_demo_archives(
    out_dir: Path, takes_per_class: int = 40, seed: int = 2018, *, recordings_per_scene: int = 6
) -> None:
    """Write the five archives of the demo, `archive_names()`, to the folder `out_dir`.

    `takes_per_class` takes (0.3 to 3 s) of each of the 10 classes, an eighth of them unverified;
    `recordings_per_scene` recordings (10 s) of each of the 4 scenes, over 4 locations. A take is
    the same whatever the number of takes. ValueError for a number below 1 or a negative seed.
    """
    counts = {"takes_per_class": takes_per_class, "recordings_per_scene": recordings_per_scene}
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} is {count}: give a whole number of at least 1")
    if seed < 0:
        raise ValueError(f"seed is {seed}: give a whole number of at least 0")
    out_dir.mkdir(parents=True, exist_ok=True)
    write_scene_archives(out_dir, recordings_per_scene, seed)
    write_event_archives(out_dir, takes_per_class, seed)
