"""The first file of a new persona: short, valid as it stands, and every further key one uncommented line away."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from personas.errors import Finding, PersonaUnreadable, PersonaWrong
from personas.persona import Id

TEMPLATE = """\
# {name}. `id`, `name` and `who` are enough to talk to someone; take the # away from what you want to say more about.
# Check it with: greenroom persona check {file}     All keys: greenroom persona schema
id: {id}
name: {name}
role: new on stage
who: >-
  {name} has just arrived and looks around with wide eyes. Write two or three sentences in the third person here.
# personality: Curious, kind, a little shy.
# scenario: Backstage, five minutes before the show.
# likes:
#   - rain on a tin roof
# facts:
#   birthday: 3 May
# voice:
#   tone: warm, short sentences
#   says: ["Curtain up!"]
#   never: ["being cruel"]
#   languages: [en]
greeting: Hello, I'm {name}. What should I call you?
# examples:            # real exchanges teach more than adjectives
#   - fan: How was your day?
#     says: Long, and then you came in. Better now.
# plays: {{engine: understudy, lora: null, sampling: {{top_p: 0.9}}}}
# at_a_loss: I lost my thread. Say that once more in a moment?
# owns_up: "I mean it: I'm an AI character."
# reaches_out: "I'm an AI and can't keep you safe. Please call a crisis line, or wake someone you trust."
# look: {{palette: ["#7a5cff", "#ff7ab6"], portrait: portrait.svg}}
"""


def scaffold(persona_id: str, into: Path) -> Path:
    """Makes `<into>/<id>/<id>.yaml` and returns it; nothing that is there already is touched."""
    file = into / persona_id / f"{persona_id}.yaml"
    try:
        TypeAdapter(Id).validate_python(persona_id)
    except ValidationError as exc:
        sentence = f"'{persona_id}' can't be an id."
        cure = "Use lowercase letters, digits, '-' and '_'."
        raise PersonaWrong([Finding(file, 0, 0, "id", sentence, cure)]) from exc
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as stream:
            name = persona_id.replace("-", " ").replace("_", " ").title()
            stream.write(TEMPLATE.format(id=persona_id, name=name, file=file))
    except FileExistsError as exc:
        raise PersonaUnreadable([Finding(file, 0, 0, "", "The file is there already.", "Choose another id.")]) from exc
    return file
