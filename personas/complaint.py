"""Says in words what pydantic found wrong with a YAML file, where it stands, and what was probably meant.

`whole` is the schema of the whole file: a persona, or what else people write by hand (a fine-tune's recipe).
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from personas.errors import Finding
from personas.persona import Persona, Written
from personas.yaml_text import Spot, Way, dotted, kind_word, nearest_spot


def complaints(
    exc: ValidationError, spots: Mapping[Way, Spot], *, whole: type[BaseModel] = Persona
) -> tuple[Finding, ...]:
    """One finding for each error."""
    errors = exc.errors(include_url=False)
    wrong = {error["loc"] for error in errors}
    # a list whose only value is wrong counts as empty to pydantic; one complaint is enough
    real = (e for e in errors if e["type"] != "too_short" or not any(loc[:-1] == e["loc"] for loc in wrong))
    return tuple(complaint(error, spots, whole) for error in real)


def complaint(error: ErrorDetails, spots: Mapping[Way, Spot], whole: type[BaseModel]) -> Finding:
    """One error of pydantic as a finding."""
    way = tuple(step for step in error["loc"] if step != "[key]")
    if error["type"] == "extra_forbidden":
        return nearest_spot(way, spots).finding(way, *unknown_key(way, whole))
    if error["type"] == "missing":
        return nearest_spot(way, spots).finding(way, f"'{dotted(way)}' is missing.", missing_cure(way, whole))
    wording = WORDINGS.get(error["type"], as_pydantic_says)
    named = f"'{dotted(way)}'" if way else f"This {whole.__name__.lower()}"
    return nearest_spot(way, spots).finding(way, f"{named} {wording(error)}.", near_value(error))


def unknown_key(way: Way, whole: type[BaseModel]) -> tuple[str, str]:
    """What to say of a key that isn't one."""
    *_, wrong = way
    holder = model_at(way[:-1], whole)
    known = sorted(holder.model_fields) if holder else []
    if holder is Persona:
        known.append("extends")
    sentence = f"'{wrong}' is not a key of {dotted(way[:-1]) or f'a {whole.__name__.lower()}'}."
    if near := get_close_matches(str(wrong).lower(), known, n=1, cutoff=0.6):
        return sentence, f"Did you mean '{near[0]}'?"
    if elsewhere := [dotted(other) for other in all_keys(whole) if other[-1] == wrong]:
        return sentence, f"It belongs to '{elsewhere[0]}'."
    return sentence, f"There are: {', '.join(known)}."


def missing_cure(way: Way, whole: type[BaseModel]) -> str:
    """The key's own line of help, or that something is absent from a list."""
    holder = model_at(way[:-1], whole)
    field = holder.model_fields.get(str(way[-1])) if holder else None
    return field.description or "" if field else "Add it."


def model_at(way: Way, whole: type[BaseModel]) -> type[BaseModel] | None:
    """The part of the schema that a path leads to, or None where there is no such part."""
    model: type[BaseModel] | None = whole
    for step in way:
        if model is None or isinstance(step, int):
            continue
        field = model.model_fields.get(step)
        # below a mapping with free keys (`translations.zh`) the step is a name, and the part stays the same
        model = part_of(field.annotation) if field else model if model is not whole else None
    return model


def part_of(annotation: Any) -> type[BaseModel] | None:
    """The part of the schema inside an annotation: of `tuple[Example, ...]`, `Example`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((part for inner in get_args(annotation) if (part := part_of(inner))), None)


def all_keys(model: type[BaseModel], above: Way = ()) -> Iterator[Way]:
    """Every key of the schema, by its path."""
    for name, field in model.model_fields.items():
        yield (*above, name)
        if (part := part_of(field.annotation)) and issubclass(part, Written):
            yield from all_keys(part, (*above, name))


def near_value(error: ErrorDetails) -> str:
    """The allowed word that is nearest to the one written."""
    if error["type"] != "literal_error":
        return ""
    allowed = [word.strip(" '") for word in error["ctx"]["expected"].replace(" or ", ", ").split(",")]
    near = get_close_matches(str(error["input"]).lower(), allowed, n=1, cutoff=0.5)
    return f"Did you mean '{near[0]}'?" if near else ""


def is_a(wanted: str) -> Callable[[ErrorDetails], str]:
    """'should be a list, not text'."""
    return lambda error: f"should be {wanted}, not {kind_word(error['input'])}"


def pattern_words(error: ErrorDetails) -> str:
    """What a pattern asks for, in words."""
    said = {
        "^#": "should be a colour like '#7a5cff'",
        "^[a-z0-9]": "should be lowercase letters, digits, '-' and '_', at most 63 of them",
        "^[a-z]": "should be a language code like 'en' or 'zh-TW'",
    }
    pattern = error["ctx"]["pattern"]
    return next((words for start, words in said.items() if pattern.startswith(start)), f"should look like {pattern}")


def as_pydantic_says(error: ErrorDetails) -> str:
    """pydantic's own words, made to go on from the key's name."""
    words = error["msg"].removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return words if words.startswith("should") else f"is wrong: {words}"


WORDINGS: Mapping[str, Callable[[ErrorDetails], str]] = {
    "string_type": is_a("text"),
    "int_type": is_a("a whole number"),
    "int_parsing": is_a("a whole number"),
    "int_from_float": is_a("a whole number"),
    "float_type": is_a("a number"),
    "float_parsing": is_a("a number"),
    "bool_type": is_a("true or false"),
    "bool_parsing": is_a("true or false"),
    "tuple_type": is_a("a list"),
    "dict_type": is_a("a mapping of keys to values"),
    "model_type": is_a("a mapping of keys to values"),
    "model_attributes_type": is_a("a mapping of keys to values"),
    "string_too_short": lambda error: "is empty",
    "string_pattern_mismatch": pattern_words,
    "too_short": lambda error: f"has {error['ctx']['actual_length']} values and needs {error['ctx']['min_length']}",
    "too_long": lambda error: f"has {error['ctx']['actual_length']} values; {error['ctx']['max_length']} are allowed",
    "literal_error": lambda error: f"should be {error['ctx']['expected']}",
}
