"""Reads chats: OpenAI messages, ShareGPT, a Discord export, or one labelled line a row; JSON or JSONL."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from finetune.errors import LinesUnreadable
from finetune.line import Line
from personas.card import is_card

ANSWERS = "assistant"
ROLES = {"human": "user", "gpt": ANSWERS, "ai": ANSWERS, "bot": ANSWERS}
PER_BLOCK = 12


def read_chats(text: str, *, where: str) -> Iterator[Line]:
    """Every line of every chat, each a scene of its own; what is not understood is an error that names its place."""
    scenes = set[str]()
    for number, chat in enumerate(chats_in(text, where=where)):
        if "speaker" in chat and "text" in chat:
            yield labelled(chat, number, where=where)
        elif isinstance(said := chat.get("messages") or chat.get("conversations"), list):
            scenes.add(scene := scene_of(chat, number, scenes))
            yield from lines_of(said, scene=scene, where=f"{where}, chat {number + 1}")
        else:
            raise LinesUnreadable(
                f"{where}, entry {number + 1}: expected 'messages' (OpenAI, Discord export), 'conversations' "
                f"(ShareGPT) or 'speaker' and 'text', and found {', '.join(map(repr, list(chat)[:5])) or 'nothing'}."
            )


def scene_of(chat: Mapping[str, Any], number: int, others: Collection[str]) -> str:
    """A chat's id or number, told apart from those before it: exports repeat ids, and leave them empty."""
    scene = str(number if chat.get("id") is None else chat["id"])
    while scene in others:
        scene = f"{number} {scene}"
    return scene


def is_card_json(text: str) -> bool:
    """Whether a JSON text is a character's card, and no chat."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(whole, dict) and not {"messages", "conversations", "speaker"} & whole.keys() and is_card(whole)


def is_discord_export(text: str) -> bool:
    """Whether a chat was exported from Discord (its messages carry an author's object)."""
    return '"author"' in text and '"messages"' in text


def chats_in(text: str, *, where: str) -> list[Mapping[str, Any]]:
    """The entries of a JSON file (one, or a list) or of JSONL."""
    try:
        whole = json.loads(text)
    except RecursionError as exc:
        raise LinesUnreadable(f"{where}: its brackets go deeper than anybody can read.") from exc
    except ValueError:
        whole = [one_row(row, where=f"{where}:{n}") for n, row in enumerate(text.split("\n"), 1) if row.strip()]
    entries = whole if isinstance(whole, list) else [whole]
    if not all(isinstance(entry, dict) for entry in entries):
        raise LinesUnreadable(f"{where}: expected objects, and found something else.")
    return entries


def one_row(row: str, *, where: str) -> Any:
    try:
        return json.loads(row)
    except json.JSONDecodeError as exc:
        raise LinesUnreadable(f"{where}:{exc.colno}: this is no JSON: {exc.msg}.") from exc
    except (ValueError, RecursionError) as exc:
        raise LinesUnreadable(f"{where}: this JSON can't be read: {exc}.") from exc


def labelled(row: Mapping[str, Any], number: int, *, where: str) -> Line:
    """A row that names its speaker; `play`, `act`, `block` and `n` say where it stands, if they are there."""
    scene = " ".join(str(row[key]) for key in ("play", "scene", "act") if key in row)
    if not isinstance(row["speaker"], str) or not isinstance(row["text"], str):
        raise LinesUnreadable(f"{where}, entry {number + 1}: 'speaker' and 'text' are words in quotes, nothing else.")
    try:
        order = int(row.get("n", number))
        return Line(row["speaker"], row["text"], scene, int(row.get("block", order // PER_BLOCK)), order)
    except (TypeError, ValueError, OverflowError) as exc:
        raise LinesUnreadable(f"{where}, entry {number + 1}: 'n' and 'block' are whole numbers, not words.") from exc


def lines_of(said: list[Any], *, scene: str, where: str) -> Iterator[Line]:
    """The lines of one chat; system messages are nobody's."""
    for number, message in enumerate(said):
        if not isinstance(message, dict):
            raise LinesUnreadable(f"{where}, message {number + 1}: expected an object.")
        speaker, text = speaker_of(message), message.get("content", message.get("value"))
        if not isinstance(text, str) or not speaker:
            raise LinesUnreadable(f"{where}, message {number + 1}: it says neither who speaks nor what.")
        if speaker != "system" and text.strip():
            answers = speaker == ANSWERS == role_of(message)
            yield Line(speaker, text, scene, number // PER_BLOCK, number, account_of(message), answers)


def speaker_of(message: Mapping[str, Any]) -> str:
    """An author's name (Discord export), the name beside a role, or the role (OpenAI, ShareGPT)."""
    author = message.get("author")
    if isinstance(author, dict):
        return str(author.get("nickname") or author.get("name") or "")
    return str(message.get("name") or role_of(message))


def role_of(message: Mapping[str, Any]) -> str:
    """A role as OpenAI calls it; none where an author speaks for themselves."""
    role = "" if "author" in message else str(message.get("role") or message.get("from") or "")
    return ROLES.get(role, role)


def account_of(message: Mapping[str, Any]) -> str:
    """The id of a Discord export's author, which no nickname changes."""
    author = message.get("author")
    return str(author.get("id") or "") if isinstance(author, dict) else ""
