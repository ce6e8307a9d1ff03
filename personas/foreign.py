"""Personas from other programs: whatever tells a character's name and words becomes a V2 card's fields.

Known: SillyTavern's and text-generation's YAML, Pygmalion's JSON, elizaOS characters, companion-app texts,
Open-LLM-VTuber's `character_config`, and Chat-Haruhi's folders of scenes. Long texts meant for retrieval become
documents that the persona knows (`knowledge:`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from personas.card_errors import CardMissing, CardTooBig, CardUnreadable
from personas.card_examples import mes_example
from personas.card_json import Json
from personas.errors import PersonaError
from personas.yaml_text import parse

PREAMBLE, SEED = "###ENDPREAMBLE###", "###ENDSEEDCHAT###"
MOST_SCENES, LONGEST_SCENE = 500, 512 * 1024


@dataclass(frozen=True, slots=True)
class Foreign:
    """A persona of another program: its form's name, a card's fields, and documents by file name."""

    form: str
    fields: Mapping[str, Json]
    documents: Mapping[str, str] = field(default_factory=dict)


def foreign_object(value: Json) -> Foreign | None:
    """The persona in a JSON or YAML object, or None where it is none one knows."""
    if not isinstance(value, dict):
        return None
    for keys, read in READERS:
        if all(key in value for key in keys):
            return read(value)
    return None


def foreign_text(text: str, file: Path) -> Foreign:
    """The persona in a text that is no JSON. Raises `CardMissing` where there is none."""
    if PREAMBLE in text:
        return companion(text, file.stem)
    try:
        found = foreign_object(parse(text, file).value)
    except PersonaError as exc:
        raise CardUnreadable(f"{file} is neither a card nor YAML.", str(exc.findings[0].sentence)) from exc
    if found is None:
        raise CardMissing(
            f"{file} holds no persona one knows.",
            "A persona of greenroom's own needs no import: greenroom persona check.",
        )
    return found


def sillytavern(value: Mapping[str, Json]) -> Foreign:
    """`name, context, greeting, example_dialogue`."""
    return Foreign(
        "sillytavern-yaml",
        {
            "name": said(value["name"]),
            "description": said(value.get("context")),
            "first_mes": said(value.get("greeting")),
            "mes_example": said(value.get("example_dialogue")),
        },
    )


def pygmalion(value: Mapping[str, Json]) -> Foreign:
    """`char_name, char_persona, world_scenario, char_greeting, example_dialogue`."""
    return Foreign(
        "pygmalion",
        {
            "name": said(value["char_name"]),
            "description": said(value.get("char_persona")),
            "scenario": said(value.get("world_scenario")),
            "first_mes": said(value.get("char_greeting")),
            "mes_example": said(value.get("example_dialogue")),
        },
    )


def eliza(value: Mapping[str, Json]) -> Foreign:
    """An elizaOS character: `bio`, `lore`, `system`, `adjectives`, `topics`, `style`, `messageExamples`."""
    style = value.get("style")
    styles = style if isinstance(style, dict) else {}
    traits = [
        ("Adjectives", listed(value.get("adjectives"))),
        ("Topics", listed(value.get("topics"))),
        ("Style", [line for key in ("all", "chat") for line in listed(styles.get(key))]),
    ]
    return Foreign(
        "elizaos",
        {
            "name": said(value["name"]),
            "description": " ".join([*listed(value.get("bio")), *listed(value.get("lore"))]),
            "personality": "\n".join(f"{name}: {'; '.join(items)}" for name, items in traits if items),
            "system_prompt": said(value.get("system")),
            "mes_example": eliza_examples(value.get("messageExamples"), said(value["name"])),
            "tags": list(listed(value.get("topics"))),
        },
    )


def eliza_examples(value: Json, name: str) -> str:
    """Conversations of `{user, content: {text}}` as example dialogue."""
    pairs = []
    for talk in value if isinstance(value, list) else []:
        lines = [eliza_line(line) for line in talk] if isinstance(talk, list) else []
        for (asker, asked), (teller, told) in pairwise(lines):
            if asker != name and teller == name and asked and told:
                pairs.append((asked, told))
    return mes_example(pairs)


def eliza_line(value: Json) -> tuple[str, str]:
    """Who speaks, and the words."""
    if not isinstance(value, dict):
        return "", ""
    content = value.get("content")
    words = content.get("text") if isinstance(content, dict) else content
    return said(value.get("name") or value.get("user")), said(words)


def vtuber(value: Mapping[str, Json]) -> Foreign:
    """Open-LLM-VTuber: everything stands under `character_config`."""
    config = value["character_config"]
    if not isinstance(config, dict):
        raise CardMissing("`character_config` is no mapping.")
    name = said(config.get("character_name") or config.get("conf_name"))
    return Foreign("open-llm-vtuber", {"name": name, "description": said(config.get("persona_prompt"))})


def companion(text: str, stem: str) -> Foreign:
    """A companion-app text: preamble, seed chat, backstory for retrieval."""
    preamble, _, rest = text.replace("\r\n", "\n").partition(PREAMBLE)
    seed, mark, backstory = rest.partition(SEED)
    if not mark:
        seed, backstory = "", rest
    name = stem.replace("_", " ").replace("-", " ").strip().title() or "Unnamed"
    talk = seed.strip().replace("Human:", "{{user}}:").replace("User:", "{{user}}:")
    fields: dict[str, Json] = {"name": name, "description": preamble.strip(), "mes_example": talk}
    return Foreign("companion", fields, {"backstory.txt": backstory.strip() + "\n"} if backstory.strip() else {})


def haruhi(folder: Path) -> Foreign:
    """A Chat-Haruhi folder: `system_prompt.txt`, and scenes as texts beside it or in folders below."""
    prompt = folder / "system_prompt.txt"
    if not prompt.is_file():
        raise CardMissing(f"{folder} is a folder without system_prompt.txt.", "Name a file, or a Chat-Haruhi folder.")
    scenes = sorted(path for path in folder.rglob("*.txt") if path != prompt and path.is_file())
    if len(scenes) > MOST_SCENES:
        raise CardTooBig(f"{folder} has over {MOST_SCENES} scenes.")
    name = folder.resolve().name.replace("_", " ").replace("-", " ").title()
    texts = {f"scene-{number:03}.txt": text_in(scene) for number, scene in enumerate(scenes, 1)}
    return Foreign("chat-haruhi", {"name": name, "description": text_in(prompt)}, texts)


def text_in(file: Path) -> str:
    """A text file's words."""
    with file.open("rb") as stream:
        data = stream.read(LONGEST_SCENE + 1)
    if len(data) > LONGEST_SCENE:
        raise CardTooBig(f"{file} is larger than {LONGEST_SCENE >> 10} KiB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise CardUnreadable(f"{file} is not UTF-8.") from exc


def said(value: Json) -> str:
    """A text, whatever it was."""
    if isinstance(value, list):
        return "\n".join(listed(value))
    return "" if value is None or isinstance(value, dict) else str(value)


def listed(value: Json) -> list[str]:
    """A list of texts, whether it was written as one text or several."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    return [said(item) for item in value if said(item).strip()] if isinstance(value, list) else []


READERS: tuple[tuple[tuple[str, ...], Callable[[Mapping[str, Json]], Foreign]], ...] = (
    (("char_name",), pygmalion),
    (("character_config",), vtuber),
    (("name", "bio"), eliza),
    (("name", "context"), sillytavern),
    (("name", "greeting"), sillytavern),
)
