"""Where something is said, because what may be recalled depends on it.

discord:<guild>/<channel>     public, recalled in that guild
discord:dm/<user>             private
web:<conversation>            private, and so are terminal: and api:
"""

from typing import NewType

Place = NewType("Place", str)


def platform_of(place: Place) -> str:
    """`discord`, `web`, `terminal` or `api`."""
    return place.partition(":")[0]


def is_private(place: Place) -> bool:
    """Whether only one fan and the persona can hear what is said there."""
    platform, _, rest = place.partition(":")
    return platform != "discord" or rest.startswith("dm/")


def audience_of(place: Place) -> str:
    """Who hears what is said there: `private`, or the guild (`discord:<guild>`)."""
    return "private" if is_private(place) else place.partition("/")[0]
