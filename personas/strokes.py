"""The few marks every face is made of, as SVG: lines, shapes, and what comics draw beside a face."""


def stroke(path: str, colour: str, width: float, *, opacity: float = 1) -> str:
    """A line with round ends."""
    line = f'stroke="{colour}" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{path}" fill="none" {line}{faint(opacity)}/>'


def shape(path: str, fill: str, *, outline: str = "", width: float = 3) -> str:
    """A filled shape, with a line around it or without."""
    edge = f' stroke="{outline}" stroke-width="{width}" stroke-linejoin="round"' if outline else ""
    return f'<path d="{path}" fill="{fill}"{edge}/>'


def oval(x: float, y: float, rx: float, ry: float, fill: str, *, opacity: float = 1, outline: str = "") -> str:
    """An ellipse around x, y."""
    edge = f' stroke="{outline}" stroke-width="3"' if outline else ""
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}"{edge}{faint(opacity)}/>'


def group(name: str, inside: str, *, opacity: float = 1) -> str:
    """A group that a page can find by its class."""
    return f'<g class="{name}"{faint(opacity)}>{inside}</g>'


def faint(opacity: float) -> str:
    """The opacity, unless it is full."""
    return f' opacity="{opacity}"' if opacity != 1 else ""


def drop(x: float, y: float, size: float) -> str:
    """A drop of water, its tip up; 30 wide at size 1."""
    water = shape("M0 -24C10 -8 15 0 15 9A15 15 0 0 1 -15 9C-15 0 -10 -8 0 -24Z", "#8fd3ff", outline="#4aa3e0")
    light = oval(-5, 9, 3.5, 6, "#fff", opacity=0.85)
    return f'<g transform="translate({x} {y}) scale({size})">{water}{light}</g>'


def heart(x: float, y: float, size: float, colour: str) -> str:
    """A heart, about 30 wide at size 1."""
    path = "M0 14C-22 -2 -14 -17 -5 -15Q-1 -14 0 -8Q1 -14 5 -15C14 -17 22 -2 0 14Z"
    return f'<path transform="translate({x:.1f} {y:.1f}) scale({size})" d="{path}" fill="{colour}"/>'


def sparkle(x: float, y: float, size: float, colour: str) -> str:
    """A star of four points."""
    s, t = size, size * 0.22
    right = f"M{x} {y - s}Q{x + t} {y - t} {x + s} {y}Q{x + t} {y + t} {x} {y + s}"
    left = f"Q{x - t} {y + t} {x - s} {y}Q{x - t} {y - t} {x} {y - s}Z"
    return shape(right + left, colour)
