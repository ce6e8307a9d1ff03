"""From a recipe's name or file to a recipe, or to everything that is wrong with it, told with its line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from ruamel.yaml import YAML

from finetune.errors import RecipeWrong
from finetune.recipe import Recipe
from personas import PersonaError
from personas.complaint import complaints
from personas.errors import in_order
from personas.yaml_text import Document, Spot, Value, Way, parse, read_document

SHIPPED = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True)
class Change:
    """`optimiser.rate=1e-3`, as said on the command line: a key's path and its YAML value."""

    path: tuple[str, ...]
    value: Value
    said: str


def read_recipe(named: str | Path, *, changes: Sequence[str] = ()) -> Recipe:
    """A shipped recipe by its name, or one in a file, with single keys changed. Raises `RecipeWrong`."""
    file = file_of(named)
    try:
        document = read_document(file)
        return recipe_in(changed(document, [change(said) for said in changes]), file)
    except PersonaError as exc:
        raise RecipeWrong(str(exc)) from exc


def file_of(named: str | Path) -> Path:
    """`lora` is the shipped one; anything with a dot or a slash is a file."""
    file = Path(named)
    if file.suffix or len(file.parts) > 1:
        return file
    if not (shipped := SHIPPED / f"{named}.yaml").exists():
        raise RecipeWrong(f"There is no recipe {named!r}. There are {', '.join(names())}; or name a YAML file.")
    return shipped


def names() -> tuple[str, ...]:
    """The shipped recipes, `lora` first."""
    return tuple(sorted((file.stem for file in SHIPPED.glob("*.yaml")), key=lambda name: (name != "lora", name)))


def recipe_in(document: Document, file: Path) -> Recipe:
    """The recipe a document describes."""
    if not isinstance(document.value, dict):
        raise RecipeWrong(f"{file}: a recipe is `key: value` lines. Copy one of {SHIPPED}.")
    try:
        recipe = Recipe.model_validate({"name": file.stem} | document.value)
    except ValidationError as exc:
        found = in_order([*document.findings, *complaints(exc, document.spots, whole=Recipe)])
        raise RecipeWrong("\n".join(str(finding) for finding in found)) from exc
    if document.findings:
        raise RecipeWrong("\n".join(str(finding) for finding in document.findings))
    refuse_unknown_ranges(recipe, document.spots)
    return recipe


def refuse_unknown_ranges(recipe: Recipe, spots: Mapping[Way, Spot]) -> None:
    """Each key of a search's ranges must be one that a recipe has."""
    known = keys_of(recipe.model_dump())
    for key in recipe.search.over if recipe.search else ():
        if key not in known:
            spot = spots.get(("search", "over", key), spots[()])
            there = ", ".join(known)
            raise RecipeWrong(str(spot.finding(("search", "over", key), f"'{key}' is no key.", f"There are: {there}.")))


def keys_of(value: Mapping[str, Any], above: str = "") -> tuple[str, ...]:
    """The paths of all single values a recipe holds: `optimiser.rate`."""
    found: list[str] = []
    for key, inner in value.items():
        found += keys_of(inner, f"{above}{key}.") if isinstance(inner, Mapping) else [f"{above}{key}"]
    return tuple(key for key in found if not key.startswith("search"))


def change(said: str) -> Change:
    """One `key.path=value`; the value is read as YAML is."""
    path, equals, value = said.partition("=")
    if not equals or not path:
        raise RecipeWrong(f"--set {said}: write it as key=value, for example --set optimiser.rate=1e-3.")
    document = parse(f"value: {value}", Path("--set"))
    return Change(tuple(path.split(".")), cast("dict[str, Value]", document.value)["value"], f"--set {said}")


def changed(document: Document, changes: Sequence[Change]) -> Document:
    """The document with the changes laid over it, each told as the place where its key stands."""
    value, spots = document.value, dict(document.spots)
    for one in changes:
        value = laid_over(value, one.path, one.value)
        for depth in range(1, len(one.path) + 1):
            spots.setdefault(one.path[:depth], Spot(Path(one.said), 0, 0, ""))
        spots[one.path] = Spot(Path(one.said), 0, 0, "")
    return Document(value, spots, document.findings)


def laid_over(value: Value, path: Sequence[str], new: Value) -> Value:
    """A copy of a mapping with one value changed, however deep."""
    if not path:
        return new
    inner = value if isinstance(value, dict) else {}
    return {**inner, path[0]: laid_over(inner.get(path[0], {}), path[1:], new)}


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with the values of a search laid over it. Raises `RecipeWrong` if they don't go together."""
    said = json.loads(recipe.model_dump_json(exclude={"search"}))
    for path, value in values.items():
        said = laid_over(said, path.split("."), value)
    try:
        return Recipe.model_validate(said)
    except ValidationError as exc:
        raise RecipeWrong(f"{dict(values)} make no recipe: {exc.errors()[0]['msg']}.") from exc


def written(recipe: Recipe, *, command: str) -> str:
    """The recipe as a file that opens with the command that runs it."""
    stream = StringIO()
    YAML().dump(json.loads(recipe.model_dump_json(exclude_none=True)), stream)
    return f"# {command}\n{stream.getvalue()}"
