"""`greenroom discord`: bring the cast to Discord, and the link that invites it."""

import asyncio
import base64
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bots.discord_settings import DiscordSettings
    from bots.house import House

app = typer.Typer(
    help="Characters on Discord.",
    epilog="Example: DISCORD_TOKEN=… greenroom discord --persona mika",
    invoke_without_command=True,
)


@app.callback()
def discord(
    context: typer.Context,
    token_env: Annotated[str, typer.Option(help="The environment variable that holds the token.")] = "DISCORD_TOKEN",
    persona: Annotated[list[str] | None, typer.Option(help="Who comes along; may be given more than once.")] = None,
    data: Annotated[Path | None, typer.Option(help="The folder that holds journal and memories.")] = None,
    personas: Annotated[Path | None, typer.Option(help="A folder of your own personas.")] = None,
    engine: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Bring the cast to Discord, until you stop it. See docs/discord.md for the way there."""
    if context.invoked_subcommand is not None:
        return
    from bots.cli import plainly, settings_from

    with plainly():
        settings = settings_from(data=data, personas=personas, engine=engine)
        start(settings, token_env, tuple(persona or ()))


@app.command(epilog="Example: greenroom discord invite")
def invite(
    token_env: Annotated[str, typer.Option(help="The environment variable that holds the token.")] = "DISCORD_TOKEN",
) -> None:
    """Print the link that invites the bot with exactly the permissions it needs."""
    from bots.cli import plainly
    from bots.discord_environment import discord_settings, door, token_in
    from bots.faults import NotStarted

    with plainly():
        token = token_in(token_env)
        door()
        from bots.discord_bot import DiscordRefused
        from bots.discord_invitation import application_of, invitation

        try:
            api = discord_settings(token_env, ()).api
            application = asyncio.run(application_of(token, api=api)) if api else application_in(token, token_env)
        except DiscordRefused as refused:
            raise NotStarted(str(refused)) from refused
        typer.echo(invitation(application))


def application_in(token: str, token_env: str) -> int:
    """Discord's own tokens begin with their application's id, so nobody has to be asked."""
    from bots.faults import NotStarted

    try:
        return int(base64.b64decode(token.partition(".")[0] + "=="))
    except ValueError as exc:
        raise NotStarted(f"{token_env} does not look like a bot's token; copy it again from the Bot page.") from exc


def start(settings: object, token_env: str, cast: tuple[str, ...]) -> None:
    """Opens the house and runs the bot in it: one account for all, or one each (GREENROOM_DISCORD_TOKENS)."""
    from bots.discord_environment import discord_settings, door

    door()
    from bots.app import open_house
    from bots.discord_bot import DiscordRefused
    from bots.discord_program import run_alone
    from bots.faults import NotStarted
    from bots.settings import BotsSettings

    assert isinstance(settings, BotsSettings)
    chosen = discord_settings(token_env, cast)
    try:
        opening = partial(open_house, settings, platforms=())
        asyncio.run(run_alone(opening, chosen, told=partial(introduce, settings=chosen)))
    except DiscordRefused as refused:
        raise NotStarted(str(refused)) from refused


def introduce(house: "House", *, settings: "DiscordSettings") -> None:
    """Says that we are there; raises `PersonaUnknown` if somebody was named who is not in the cast."""
    from bots.discord_program import all_known

    all_known(house, settings)
    typer.echo("On Discord.", err=True)
