"""Lets pages of other origins call the API from a browser, where an operator names them (`bots: api_origins:`).

Such a page sends its key itself: no cookie ever counts here, and all but `/v1` stays with the house's own page.
"""

from collections.abc import Sequence

from fastapi.middleware.cors import CORSMiddleware

from bots.web_shell import App, Receive, Scope, Send

SHOWN = ("Retry-After", "X-Greenroom-Outcome")  # headers of ours that a page's script may read
A_WHILE = 600  # seconds for which a browser need not ask again


def open_to(app: App, origins: Sequence[str]) -> App:
    """The same app, where `/v1` answers scripts of these origins, too."""
    if not origins:
        return app
    # "*" among the headers: OpenAI's client for browsers sends a dozen of its own
    allowed = CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=("*",),
        expose_headers=SHOWN,
        max_age=A_WHILE,
    )

    async def sorted_by_path(scope: Scope, receive: Receive, send: Send) -> None:
        of_the_api = scope["type"] == "http" and scope["path"].startswith("/v1/")
        await (allowed if of_the_api else app)(scope, receive, send)

    return sorted_by_path
