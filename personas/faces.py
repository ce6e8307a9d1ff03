"""The shipped characters' faces in numbers: what is each one's own, and what every mood does to eyes and brows."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Face:
    """What is one character's own about a face: colours, and how large and how far apart the eyes are."""

    name: str
    iris: tuple[str, str, str]  # dark above, the colour, light below
    skin: str
    lash: str
    brow: str
    lip: str
    blush: str
    half_width: float = 31
    height: float = 31
    apart: float = 54
    lid: float = 0.0  # 0 wide awake, 0.5 half closed
    brow_width: float = 7
    lashes: bool = True


@dataclass(frozen=True, slots=True)
class Gaze:
    """How a mood opens the eyes: inner and outer height of the lid (1 is at rest), the iris, where it looks."""

    inner: float = 1.0
    outer: float = 1.0
    iris: float = 1.0
    aside: float = 0.0
    down: float = 0.0


GAZES: Mapping[str, Gaze] = {
    "neutral": Gaze(),
    "sadness": Gaze(inner=0.98, outer=0.66, iris=0.96, down=4),
    "anger": Gaze(inner=0.52, outer=1.0, iris=0.9),
    "surprise": Gaze(inner=1.22, outer=1.22, iris=0.76),
    "fear": Gaze(inner=1.2, outer=1.02, iris=0.62),
    "love": Gaze(inner=1.02, outer=1.0, iris=1.08),
    "thinking": Gaze(inner=0.84, outer=0.84, iris=0.96, aside=8, down=-8),
}
# heights of a brow's inner end, middle and outer end above (-) or below its line
BROWS: Mapping[str, tuple[float, float, float]] = {
    "neutral": (2, -9, 2),
    "joy": (-4, -17, -4),
    "sadness": (-15, -8, 8),
    "anger": (15, 0, -11),
    "surprise": (-15, -29, -13),
    "fear": (-20, -15, 4),
    "love": (-7, -16, 0),
    "thinking": (3, -7, 1),
}
FACES: Mapping[str, Face] = {
    "mika": Face(
        name="mika",
        iris=("#4a2a9c", "#8f5bff", "#ffb1d8"),
        skin="#ffdcc9",
        lash="#3b2160",
        brow="#6b45b0",
        lip="#c8456c",
        blush="#ff7f8f",
        half_width=33,
        height=37,
        brow_width=5.5,
    ),
    "bram": Face(
        name="bram",
        iris=("#0c4a4a", "#159a8d", "#9df5d4"),
        skin="#b97a53",
        lash="#231813",
        brow="#2a1d18",
        lip="#6d2f28",
        blush="#d8603f",
        half_width=28,
        height=23,
        apart=52,
        lid=0.16,
        brow_width=10,
        lashes=False,
    ),
    "orla": Face(
        name="orla",
        iris=("#22325f", "#5b7fd6", "#d9e9ff"),
        skin="#f1d3bb",
        lash="#2f3352",
        brow="#aab2cc",
        lip="#a4565c",
        blush="#e58f80",
        half_width=30,
        height=26,
        lid=0.2,
        brow_width=6,
    ),
}
