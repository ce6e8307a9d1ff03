"""One line of a script or a chat: who says what, and which lines it stands beside."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """`scene` and `block` name the stretch it belongs to: only neighbours with the same of both follow each other.

    `number` orders lines within their stretch. `author` is the account that wrote it, where the file knows one: a name
    can be worn by anybody. `answers` marks what a chat's assistant says, who has no other name.
    """

    speaker: str
    text: str
    scene: str = ""
    block: int = 0
    number: int = 0
    author: str = ""
    answers: bool = False

    @property
    def stretch(self) -> tuple[str, int]:
        return self.scene, self.block
