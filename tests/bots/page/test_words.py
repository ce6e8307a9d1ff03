"""The page's words stand in one catalogue, and nothing in it is missing, superfluous or untranslated."""

import re
from pathlib import Path

from playwright.sync_api import Browser

from tests.bots.page.conftest import NewFan

PAGE = Path(__file__).parents[3] / "bots" / "page"
ELEMENTS = {path: path.read_text() for path in (PAGE / "elements").glob("*.js")}
MODULES = {path: path.read_text() for path in [*PAGE.glob("*.js"), *(PAGE / "elements").glob("*.js")]}
RECEIPT = (
    *("Turns", "Utterances", "Statements", "Memories", "Vectors", "Feedback", "Talks"),
    *("Consents", "Reviews"),
)
STYLE_FROM_MARKUP = re.compile(r"setAttribute\(.style|style:|style=|\.cssText|<style|on[a-z]+=\"")


def test_english_and_chinese_say_the_same_things(new_fan: NewFan, browser: Browser) -> None:
    page = new_fan().comes_in().page

    catalogue = page.evaluate(
        """async () => {
          const {CATALOGUE} = await import("/page/words.js");
          const text = (words) => typeof words === "function" ? words({n: 2}) : words;
          return Object.entries(CATALOGUE).map(([key, both]) => [key, both.map(text)]);
        }"""
    )

    assert len(catalogue) > 80
    assert [key for key, both in catalogue if len(both) != 2 or not all(words.strip() for words in both)] == []
    assert [
        key for key, (_, chinese) in catalogue if key != "noLora" and not re.search(r"[\u4e00-\u9fff]", chinese)
    ] == []


def test_every_word_of_the_catalogue_is_used() -> None:
    catalogue = re.findall(r"^  (\w+): \[", (PAGE / "words.js").read_text(), re.MULTILINE)
    elsewhere = "\n".join(text for path, text in MODULES.items() if path.name != "words.js")
    receipts = {f"receipt{kind}" for kind in RECEIPT}
    moods = {"neutral", "joy", "sadness", "anger", "surprise", "fear", "love"}
    here = (PAGE / "words.js").read_text()

    unused = [
        key
        for key in catalogue
        if key not in receipts | moods and f'"{key}"' not in elsewhere and f'say("{key}"' not in here
    ]

    assert unused == []


def test_no_module_sets_style_from_markup_or_leaves_anything_global() -> None:
    for path, text in MODULES.items():
        assert not STYLE_FROM_MARKUP.search(text), path.name
        assert not re.search(r"\b(window|globalThis)\.\w+ =|\beval\(|new Function", text), path.name


def test_one_custom_element_stands_in_each_file_under_its_own_name() -> None:
    for path, text in ELEMENTS.items():
        assert re.findall(r'customElements\.define\("([a-z-]+)"', text) == [path.stem]
        assert text.startswith(f"// <{path.stem}>: "), path.name
