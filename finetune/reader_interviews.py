"""Reads interviews that a creator wrote by hand: questions, and what the character answers.

YAML is a list of exchanges, or of topics with exchanges under them:

    - ask: What do you do when it rains?
      says: I sing louder.
    - topic: childhood
      talk:
        - ask: Where did you grow up?
          says: Above a laundry.

Markdown has one heading a topic, and lines that begin with `Q:` and `A:` (bold or not).
"""

import re
from collections.abc import Iterator, Mapping

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from finetune.errors import LinesUnreadable
from finetune.line import Line

ASKS, SAYS = "user", "assistant"  # as chats call them: the file does not say who answers
HEADING = re.compile(r"^#{1,6}\s+(?P<topic>\S.*)$")
QUESTION = re.compile(r"^\W{0,4}(?:Q|Question|问|問)\W{0,3}[:：]\W{0,3}(?P<text>\S.*)$", re.IGNORECASE)
ANSWER = re.compile(r"^\W{0,4}(?:A|Answer|答)\W{0,3}[:：]\W{0,3}(?P<text>\S.*)$", re.IGNORECASE)
EXAMPLE = "'- ask: …' with 'says: …' below it"


def is_interview(text: str) -> bool:
    """Whether a Markdown text holds questions and answers."""
    rows = [line.strip() for line in text.splitlines()]
    return any(map(QUESTION.match, rows)) and any(map(ANSWER.match, rows))


def read_interview_yaml(text: str, *, where: str) -> Iterator[Line]:
    """Every exchange; what is not understood is an error that names its line."""
    try:
        entries = YAML(typ="rt").load(text)
    except MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise LinesUnreadable(f"{where}:{line}: this is no YAML: {exc.problem}.") from exc
    except YAMLError as exc:
        raise LinesUnreadable(f"{where}: this is no YAML: {exc}.") from exc
    except RecursionError as exc:
        raise LinesUnreadable(f"{where}: its brackets go deeper than anybody can read.") from exc
    except (ValueError, OverflowError) as exc:
        raise LinesUnreadable(f"{where}: a value can't be read ({exc}). Put dates and numbers in quotes.") from exc
    if not isinstance(entries, CommentedSeq):
        raise LinesUnreadable(f"{where}: expected a list of {EXAMPLE}.")
    yield from exchanges(entries, topic="", where=where)


def exchanges(entries: CommentedSeq, *, topic: str, where: str) -> Iterator[Line]:
    """Two lines for each exchange; a topic is a stretch of its own."""
    for number, entry in enumerate(entries):
        here = f"{where}:{entries.lc.item(number)[0] + 1}"
        if not isinstance(entry, Mapping):
            raise LinesUnreadable(f"{here}: expected {EXAMPLE}, and found {entry!r:.60}.")
        if isinstance(entry.get("talk"), CommentedSeq):
            yield from exchanges(entry["talk"], topic=str(entry.get("topic", number)), where=where)
        elif all(isinstance(entry.get(key), str) and entry[key].strip() for key in ("ask", "says")):
            yield from exchange(entry["ask"], entry["says"], topic, number)
        else:
            raise LinesUnreadable(f"{here}: expected {EXAMPLE}, and found {', '.join(map(repr, entry)) or 'nothing'}.")


def exchange(asked: str, said: str, topic: str, number: int) -> Iterator[Line]:
    """A question and its answer; without a topic each stands alone."""
    block = 0 if topic else number
    yield Line(ASKS, " ".join(asked.split()), topic, block, 2 * number)
    yield Line(SAYS, said.strip(), topic, block, 2 * number + 1, answers=True)


def read_interview_markdown(text: str, *, where: str) -> Iterator[Line]:
    """Headings, `Q:` and `A:`; further lines belong to what was begun. An answer without a question is an error."""
    topic, asked, said, number = "", "", list[str](), 0
    for row, line in enumerate([*text.splitlines(), "# end"], start=1):
        bare = line.strip()
        heading, question, answer = HEADING.match(bare), QUESTION.match(bare), ANSWER.match(bare)
        if (heading or question) and said:
            yield from exchange(asked, "\n".join(said).strip(), topic, number)
            number, asked, said = number + 1, "", []
        if heading:
            topic = heading["topic"]
        elif question:
            asked = f"{asked} {question['text']}".strip("* ")
        elif answer and not asked:
            raise LinesUnreadable(f"{where}:{row}: an answer without a question before it.")
        elif answer:
            said.append(answer["text"].strip("* "))
        elif said:
            said.append(bare)
        elif asked and bare:
            asked = f"{asked} {bare}"
