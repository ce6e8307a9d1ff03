"""Versions are kept for old turns; one that can't be kept is nobody else's trouble."""

from pathlib import Path

from structlog.testing import capture_logs

from personas import Cast
from personas.archive import Archive


def test_a_persona_that_cannot_be_kept_is_logged_and_the_others_are_kept(tmp_path: Path) -> None:
    for persona_id in ("kip", "nova"):
        (tmp_path / f"{persona_id}.yaml").write_text(f"id: {persona_id}\nname: N\nwho: Somebody.\n")
    cast = Cast([tmp_path])
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kip").write_text("in the way")

    with capture_logs() as lines:
        Archive(tmp_path / "data").keep_all(cast)

    assert [(line["event"], line["persona"]) for line in lines] == [("persona_not_kept", "kip")]
    assert Archive(tmp_path / "data").find("nova", cast.get("nova").version) == cast.get("nova")
