"""The house's things as the page's JSON: the only file that knows both."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bots.prose import Prose
from memory import Turn
from personas import MOODS, Persona, Recollection, Utterance

Json = dict[str, Any]
STANDS_IN = "/page/icon.svg"
SMALL_TALK = "the understudy: small talk only"
NOTICE = {
    "en": {
        "ai": "Everyone you meet here is an AI character, not a person.",
        "memory": "They remember what you tell them. Open the drawer to see it, put it right or have it forgotten.",
    },
    "zh": {
        "ai": "你在这里遇到的每一位都是 AI 角色，不是真人。",
        "memory": "他们会记得你说过的话。打开抽屉就能查看、更正或让他们忘记。",
    },
}


def when(moment: datetime) -> str:
    """ISO 8601 with its zone."""
    return moment.isoformat()


def heard_json(said: Utterance) -> Json:
    return {"id": said.id, "name": said.speaker_name, "text": said.text, "at": when(said.at)}


def turn_json(turn: Turn, prose: Prose, *, variants: Iterable[str] = (), feedback: str | None = None) -> Json:
    """A turn as the page shows it."""
    return {
        "id": turn.id,
        "after": turn.after,
        "variants": list(variants) or [turn.id],
        "heard": [heard_json(said) for said in turn.heard],
        "said": turn.said,
        "html": prose.html(turn.said or ""),
        "outcome": turn.outcome,
        "finish": turn.trace.get("finish"),
        "mood": turn.trace.get("mood", "neutral"),
        "model": turn.model,
        "at": when(turn.began_at),
        "feedback": feedback,
    }


def persona_json(persona: Persona, prose: Prose, *, model: str, understudy: bool) -> Json:
    """A persona as she stands in the cast list."""
    portrait = picture(persona.id, persona.look.portrait)
    neutral = picture(persona.id, persona.look.expressions.get("neutral", persona.look.portrait))
    faces = {mood: persona.look.expressions.get(mood) for mood in MOODS}
    return {
        "id": persona.id,
        "name": persona.name,
        "role": persona.role,
        "who": persona.who,
        "palette": list(persona.look.palette),
        "portrait": portrait,
        "expressions": {mood: picture(persona.id, face) if face else neutral for mood, face in faces.items()},
        "greeting": persona.greeting,
        "greeting_html": prose.html(persona.greeting),
        "playing": {"model": model, "label": SMALL_TALK if understudy else model, "understudy": understudy},
        "languages": list(persona.voice.languages),
    }


def picture(persona_id: str, file: str) -> str:
    """The address of one of a persona's pictures."""
    return f"/cast/{persona_id}/{quote(file)}" if file else STANDS_IN


def recollection_json(recollection: Recollection) -> Json:
    return {
        "text": recollection.text,
        "speaker": recollection.speaker_name,
        "at": when(recollection.at),
        "score": round(recollection.score, 4),
        "confidence": round(recollection.confidence, 3),
        "kind": recollection.kind,
    }


def why_json(turn: Turn, prompt: list[Json] | None) -> Json:
    """Why a reply came out as it did; the prompt only where the asker may see it."""
    window: Mapping[str, Any] = turn.trace.get("window") or {"used": turn.prompt_tokens, "limit": 0, "dropped": []}  # type: ignore[assignment]
    return {
        "recalled": [recollection_json(recollection) for recollection in turn.recalled],
        "lore": list(turn.lore),
        "window": dict(window),
        "engine": {"model": turn.model, "lora": turn.lora},
        "tokens": {"prompt": turn.prompt_tokens, "completion": turn.completion_tokens},
        "timings": dict(turn.timings),
        "outcome": turn.outcome,
        "failure": turn.trace.get("failure"),
        "forgetful": turn.trace.get("forgetful"),
        "persona_version": turn.persona_version,
        "prompt": prompt,
    }
