"""Draws the shipped characters' expressions, so that a face changes and everything else stays where it is.

Each character's `drawing.svg` is drawn by hand: hair, clothes, light. The face in it is left open (`<!-- eyes -->`,
`<!-- mouth -->`, …) and filled in here for every mood by the same few strokes, which is what makes three characters
look drawn by one hand. The results are committed; after a change to either, run `python -m personas.portraits`.

Groups carry classes (`body`, `head`, `eyes`, `lids`, `mouth`, `brows`) for a page that inlines the picture; shown
through `<img>` it breathes and blinks by its own style sheet, and stands still for who asked for less motion.
"""

from pathlib import Path

from personas.faces import BROWS, FACES, GAZES, Face, Gaze
from personas.persona import MOODS
from personas.strokes import drop, group, heart, oval, shape, sparkle, stroke

SHIPPED = Path(__file__).parent / "shipped"
NOSE, EYE_LINE, BROW_LINE, MOUTH_LINE = 300, 322, 268, 392  # of the canvas, 600 × 760
MOTION = """<style>
.body,.head{transform-box:view-box;transform-origin:50% 100%;animation:breathe 4.6s ease-in-out infinite}
.head{animation:nod 4.6s ease-in-out infinite}.lids{animation:blink 5.3s infinite}
.adrift{animation:drift 3.8s ease-in-out infinite}
@keyframes breathe{50%{transform:scale(1.004,1.009)}}@keyframes nod{50%{transform:translateY(-5px)}}
@keyframes blink{0%,95.5%,100%{opacity:0}96.5%,98.5%{opacity:1}}@keyframes drift{50%{transform:translateY(-9px)}}
@media (prefers-reduced-motion:reduce){*{animation:none!important}}
</style>"""


def draw(persona_id: str, mood: str) -> str:
    """One expression of one character as an SVG document."""
    face = FACES[persona_id]
    parts = {
        "motion": MOTION,
        "eyes": group("eyes", "".join(eye(face, mood, side) for side in (-1, 1))),
        "lids": group("lids", "".join(shut(face, side) for side in (-1, 1)) if mood != "joy" else "", opacity=0),
        "brows": group("brows", "".join(brow(face, mood, side) for side in (-1, 1))),
        "mouth": group("mouth", mouth(face, mood)),
        "blush": group("blush", blush(face, mood)),
        "mood": group("mood", extra(face, mood)),
    }
    drawing = (SHIPPED / persona_id / "drawing.svg").read_text(encoding="utf-8")
    for name, part in parts.items():
        drawing = drawing.replace(f"<!-- {name} -->", part)
    return drawing


def eye(face: Face, mood: str, side: int) -> str:
    """One eye; `side` is -1 for the one on the left of the picture. A laughing eye is an arc."""
    x = NOSE + side * face.apart
    if mood == "joy":
        return laughing(face, x) + wing(face, x, side, EYE_LINE + 6)
    look = GAZES[mood]
    upper = lid_line(face, look, x, side)
    white = upper + lower_line(face, x, side) + "Z"
    name = f"{face.name}-{'left' if side < 0 else 'right'}-eye"
    shade = stroke(upper, face.lash, 15, opacity=0.22)
    return (
        f'<clipPath id="{name}"><path d="{white}"/></clipPath>{shape(white, "#fffaf8")}'
        f'<g clip-path="url(#{name})">{iris(face, mood, look, x)}{shade}</g>'
        f"{stroke(upper, face.lash, 6.5)}{stroke(under(face, x), face.lash, 1.8, opacity=0.55)}"
        f"{stroke(crease(face, look, x, side), face.lash, 1.8, opacity=0.35)}{wing(face, x, side, EYE_LINE + 2)}"
    )


def laughing(face: Face, x: float) -> str:
    """An eye closed in laughter."""
    w, low, high = face.half_width, EYE_LINE + 8, EYE_LINE - 24
    arc = f"M{x - w} {low}C{x - w * 0.6:.1f} {high} {x + w * 0.6:.1f} {high} {x + w} {low}"
    return stroke(arc, face.lash, 7)


def lid_line(face: Face, look: Gaze, x: float, side: int) -> str:
    """The upper lid, from the corner at the nose to the outer one."""
    w, rise = face.half_width, face.height * 1.34 * (1 - face.lid)
    inner = f"{x - side * w * 0.62:.1f} {EYE_LINE - rise * look.inner:.1f}"
    outer = f"{x + side * w * 0.66:.1f} {EYE_LINE - rise * look.outer:.1f}"
    return f"M{x - side * w:.1f} {EYE_LINE + 4}C{inner} {outer} {x + side * w:.1f} {EYE_LINE}"


def lower_line(face: Face, x: float, side: int) -> str:
    """The lower lid, back to the corner at the nose."""
    w, low = face.half_width, EYE_LINE + face.height * 1.08
    outer, inner = x + side * w * 0.62, x - side * w * 0.62
    return f"C{outer:.1f} {low:.1f} {inner:.1f} {low:.1f} {x - side * w:.1f} {EYE_LINE + 4}"


def crease(face: Face, look: Gaze, x: float, side: int) -> str:
    """The fold above the lid."""
    top = EYE_LINE - face.height * (1 - face.lid) * (look.inner + look.outer) / 2 - 8
    start, end = x - side * face.half_width * 0.5, x + side * face.half_width * 0.9
    return f"M{start:.1f} {top + 3:.1f}Q{x + side * 6} {top - 5:.1f} {end:.1f} {top + 11:.1f}"


def under(face: Face, x: float) -> str:
    """The lower lashes, hinted at."""
    w, y = face.half_width * 0.5, EYE_LINE + face.height * 0.82
    return f"M{x - w:.1f} {y - 1:.1f}Q{x} {y + 4:.1f} {x + w:.1f} {y - 1:.1f}"


def wing(face: Face, x: float, side: int, y: float) -> str:
    """The lashes at the outer corner, of those who have them."""
    if not face.lashes:
        return ""
    at = x + side * face.half_width
    tip = f"M{at - side * 5:.1f} {y - 7}Q{at + side * 5:.1f} {y - 5} {at + side * 11:.1f} {y - 13}"
    return stroke(tip, face.lash, 4) + stroke(f"M{at - side * 2:.1f} {y}q{side * 5} 1 {side * 10} -3", face.lash, 3)


def iris(face: Face, mood: str, look: Gaze, x: float) -> str:
    """The coloured part, with its light; hearts in love."""
    dark, colour, light = face.iris
    rx, ry = 22 * look.iris * face.half_width / 33, 29 * look.iris * (face.height / 35) ** 0.5
    cx, cy = x + look.aside, EYE_LINE - 3 + look.down
    in_love = mood == "love"
    return (
        oval(cx, cy, rx, ry, dark)
        + oval(cx, cy + 2, rx * 0.88, ry * 0.88, colour)
        + oval(cx, cy - ry * 0.42, rx * 0.8, ry * 0.46, dark, opacity=0.55)
        + oval(cx, cy + ry * 0.55, rx * 0.62, ry * 0.3, light, opacity=0.85)
        + (heart(cx, cy + 1, 0.62, "#ff5c8a") if in_love else oval(cx, cy, rx * 0.45, ry * 0.47, dark))
        + oval(cx - rx * 0.36, cy - ry * 0.4, rx * 0.34, ry * 0.28, "#fff")
        + oval(cx + rx * 0.42, cy + ry * 0.4, rx * 0.15, rx * 0.15, "#fff", opacity=0.9)
    )


def shut(face: Face, side: int) -> str:
    """A closed lid over the open eye, shown for a blink."""
    x, w, y = NOSE + side * face.apart, face.half_width + 3, EYE_LINE + 6
    line = f"M{x - w} {y}Q{x} {y + face.height * 0.62:.1f} {x + w} {y}"
    return oval(x, EYE_LINE - 1, w, face.height * 1.06, face.skin) + stroke(line, face.lash, 5.5)


def brow(face: Face, mood: str, side: int) -> str:
    """One brow; in thought one of them goes up alone."""
    inner, middle, outer = BROWS[mood]
    lift = -13 if mood == "thinking" and side > 0 else 0
    # smaller eyes have their brows nearer
    x, y = NOSE + side * (face.apart + 2), BROW_LINE + lift + (31 - face.height) * 0.45
    start, end = x - side * face.half_width * 0.86, x + side * face.half_width * 1.02
    line = f"M{start:.1f} {y + inner:.1f}Q{x + side * 3:.1f} {y + middle:.1f} {end:.1f} {y + outer:.1f}"
    return stroke(line, face.brow, face.brow_width)


def mouth(face: Face, mood: str) -> str:
    """The mouth of a mood, drawn around 0, 0."""
    lines = {
        "neutral": "M-17 -2Q0 11 17 -2",
        "sadness": "M-15 7Q-7 -4 0 0Q8 -4 15 7",
        "fear": "M-22 5q5.500 -12 11 0t11 0t11 0t11 0",
        "thinking": "M-6 2Q6 5 17 -3",
    }
    drawn = stroke(lines[mood], face.lip, 4) if mood in lines else open_mouth(face, mood)
    return f'<g transform="translate({NOSE} {MOUTH_LINE})">{drawn}</g>'


def open_mouth(face: Face, mood: str) -> str:
    """A mouth that laughs, cries out or gasps: the dark inside, then teeth and tongue."""
    inside = {
        "joy": "M-27 -9Q0 -3 27 -9Q22 24 0 24Q-22 24 -27 -9Z",
        "anger": "M-19 10Q0 -13 19 10Q0 3 -19 10Z",
        "surprise": "M0 -10C15 -10 15 20 0 20C-15 20 -15 -10 0 -10Z",
        "love": "M-18 -4Q-9 5 0 -1Q9 5 18 -4Q12 17 0 17Q-12 17 -18 -4Z",
    }
    tongue = {
        "joy": "M-14 19Q0 4 14 19Q0 26 -14 19Z",
        "surprise": "M-7 14Q0 6 7 14Q0 20 -7 14Z",
        "love": "M-9 13Q0 5 9 13Q0 18 -9 13Z",
    }
    teeth = shape("M-22 -6Q0 -1 22 -6L19 2Q0 6 -19 2Z", "#fff") if mood == "joy" else ""
    dark = shape(inside[mood], "#7b2338", outline=face.lip, width=3.5)
    return dark + teeth + (shape(tongue[mood], "#f2798c") if mood in tongue else "")


def blush(face: Face, mood: str) -> str:
    """Warm cheeks, warmer in love, with three strokes in joy; in fear the blood leaves the face."""
    strength = {"love": 0.62, "joy": 0.5, "surprise": 0.36, "anger": 0.5, "fear": 0.08, "sadness": 0.34}.get(mood, 0.3)
    sides, y = (NOSE - 72, NOSE + 72), EYE_LINE + 40
    cheeks = "".join(oval(x, y, 25, 14, face.blush, opacity=strength) for x in sides)
    if mood == "fear":
        gloom = "".join(f"M{NOSE + step} 236v{26 + step % 20}" for step in range(-60, 61, 15))
        return cheeks + stroke(gloom, "#4a5fb0", 4, opacity=0.32)
    if mood in {"joy", "love"}:
        lines = "".join(f"M{x + step} {y + 5}l5 -10" for x in sides for step in (-12, -2, 8))
        return cheeks + stroke(lines, face.blush, 2.6, opacity=0.9)
    return cheeks


def extra(face: Face, mood: str) -> str:
    """What comics draw beside a face: hearts, tears, a drop of sweat, the dots of a thought."""
    if mood == "sadness":
        return drop(NOSE - face.apart - 12, EYE_LINE + 46, 0.8) + drop(NOSE + face.apart + 14, EYE_LINE + 46, 0.55)
    if mood == "fear":
        return drop(448, 238, 1.0) + drop(152, 276, 0.7)
    if mood == "anger":
        vein = "M458 150q3 17 -15 20M482 150q-3 17 15 20M458 200q3 -17 -15 -20M482 200q-3 -17 15 -20"
        return stroke(vein, "#ff4d5e", 6.5)
    if mood == "surprise":
        return stroke("M448 182l16 -24M470 206l28 -14M152 182l-16 -24M130 206l-28 -14", "#ffd35c", 7)
    return group("adrift", drifting(mood))


def drifting(mood: str) -> str:
    """What floats beside a face in a good mood or in thought; nothing beside a quiet one."""
    if mood == "joy":
        return sparkle(458, 176, 20, "#ffe28a") + sparkle(492, 222, 11, "#fff3c9") + sparkle(138, 190, 14, "#fff3c9")
    if mood == "love":
        return heart(462, 178, 1.7, "#ff5c8a") + heart(502, 232, 1.0, "#ff8fb3") + heart(134, 200, 1.2, "#ff8fb3")
    if mood == "thinking":
        dots = ((450, 200, 6), (474, 178, 9), (498, 156, 12))
        return "".join(oval(x, y, r, r, "#fff", outline="#8d93b8", opacity=0.95) for x, y, r in dots)
    return ""


def main() -> None:
    """Writes every expression of every shipped character; the portrait is the neutral one."""
    for persona_id in FACES:
        for mood in MOODS:
            (SHIPPED / persona_id / f"{mood}.svg").write_text(draw(persona_id, mood), encoding="utf-8")
        (SHIPPED / persona_id / "portrait.svg").write_text(draw(persona_id, "neutral"), encoding="utf-8")


if __name__ == "__main__":
    main()
