"""Who may recall what: without a scope there is no recall."""

from dataclasses import dataclass

from personas import Place, audience_of, is_private

BACKSTAGE = Place("api:backstage")


@dataclass(frozen=True, slots=True)
class Scope:
    """One persona, one fan, and the place where they are now.

    Every call that reads or writes memories takes one. `place` decides which memories may surface (`audience_of`):
    what was said in private is recalled in private only, what was said in a guild in that guild.
    """

    persona_id: str
    fan_id: str
    place: Place

    def __post_init__(self) -> None:
        if not (self.persona_id and self.fan_id and self.place):
            raise ValueError("A scope names a persona, a fan and a place; none of them may be empty.")


def backstage(persona_id: str, fan_id: str) -> Scope:
    """For work that shows nobody anything: moving an index, thinking at night."""
    return Scope(persona_id, fan_id, BACKSTAGE)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What may be recalled outside the audience it was said to; nothing, unless somebody switched it on.

    What was said in one guild is never recalled in another.
    """

    private_to_public: bool = False
    public_to_private: bool = False

    def __and__(self, other: "Sharing") -> "Sharing":
        """Both have to allow it: the operator for the persona, and the fan for themself."""
        return Sharing(
            self.private_to_public and other.private_to_public, self.public_to_private and other.public_to_private
        )


def may_surface(audience: str, place: Place, sharing: Sharing) -> bool:
    """Whether a memory that this audience heard may be recalled in this place."""
    if audience == audience_of(place):
        return True
    if is_private(place):
        return sharing.public_to_private
    return audience == "private" and sharing.private_to_public
