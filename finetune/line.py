"""One line of a script or a chat: who says what, and which lines it stands beside."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """`scene` and `block` name the stretch it belongs to: only neighbours with the same of both follow each other.

    `number` orders lines within their stretch.
    """

    speaker: str
    text: str
    scene: str = ""
    block: int = 0
    number: int = 0

    @property
    def stretch(self) -> tuple[str, int]:
        return self.scene, self.block
