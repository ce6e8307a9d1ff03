"""The JSON Schema of a persona's file: editors complete keys and show a line of help for each while one types."""

from typing import Any

from personas.persona import Persona

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXTENDS = {
    "type": "string",
    "description": "Another file to read first; what stands here is laid over it.",
}


def json_schema() -> dict[str, Any]:
    """The schema of a file, `extends` included: a file that extends another may leave `name` and `who` to it."""
    schema = Persona.model_json_schema()
    schema["properties"] = {"extends": EXTENDS, **schema["properties"]}
    required = schema.pop("required")
    schema["anyOf"] = [{"required": required}, {"required": ["id", "extends"]}]
    return {"$schema": DIALECT, **schema, "title": "A persona of greenroom"}
