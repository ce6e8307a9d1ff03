"""The report as one page: the verdict and its reasons first, then pictures, then samples to read, then every figure."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from finetune.evaluate_statistics import Figure
from finetune.evaluate_variety import lengths
from finetune.evaluation import Check, Evaluation, Sample
from finetune.report_plots import bars, intervals, losses

Scores = Sequence[Mapping[str, object]]
MOST_SAMPLES = 60
KINDS = {"win": "must be better", "guard": "must not be worse", "data": "must be true of the data"}
COSTS = {"nll_base": "without the card", "nll_prompt": "with the card alone", "nll_lora": "with the LoRA"}
SHARES = {
    "identified_prompt": "taken for them, before",
    "identified_lora": "taken for them, after",
    "identified_real": "their real lines",
    "identified_others": "others' real lines",
}
STYLE = Path(__file__).with_name("report.css")


def page(report: Evaluation, scores: Scores, history: Sequence[Mapping[str, Any]] = ()) -> str:
    """One HTML file that needs nothing beside it; every word of a model or a play is escaped."""
    body = "\n".join(
        [
            head(report),
            rules(report.checks),
            remarks(report.remarks),
            pictures(report, scores, history),
            samples(report.samples[:MOST_SAMPLES]),
            figures(report.figures),
            origin(report),
        ]
    )
    style = STYLE.read_text(encoding="utf-8")
    title = escape(f"{report.persona}: is the new voice better?")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{style}</style></head>'
        f"<body><main>{body}</main></body></html>\n"
    )


def head(report: Evaluation) -> str:
    """Whose voice, and the verdict with its reasons."""
    verdict = "It may go on stage." if report.passed else "It may not go on stage."
    reasons = "".join(f"<p>{escape(reason)}</p>" for reason in report.reasons)
    return (
        f"<h1>{escape(report.persona)}: is the new voice better?</h1>"
        f'<p class="soft">{report.made_at:%-d %B %Y, %H:%M} · {escape(report.base)} · seed {report.seed}</p>'
        f'<div class="verdict{" ok" if report.passed else ""}"><strong>{verdict}</strong>{reasons}</div>'
    )


def rules(checks: Sequence[Check]) -> str:
    """Every rule of the gate with what it found."""
    rows = "".join(
        f'<tr><td class="{"yes" if check.passed else "no"}">{"✓ passed" if check.passed else "✗ failed"}</td>'
        f"<td>{escape(check.name)}<br><small>{KINDS[check.kind]}</small></td><td>{escape(check.says)}</td>"
        f'<td class="n">{"" if check.p is None else f"{check.p:.3g}"}</td></tr>'
        for check in checks
    )
    return f"<h2>The gate</h2>{table(('', 'Rule', 'Found', 'p'), rows)}"


def table(titles: Sequence[str], rows: str) -> str:
    head = "".join(f"<th>{title}</th>" for title in titles)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def remarks(said: Sequence[str]) -> str:
    return "".join(f'<p class="soft">{escape(remark)}</p>' for remark in said)


def pictures(report: Evaluation, scores: Scores, history: Sequence[Mapping[str, Any]]) -> str:
    """What people would rather look at."""
    found = report.figures
    margins = [(name.removeprefix("margin_"), figure) for name, figure in found.items() if name.startswith("margin_")]
    shares = [(words, found[name]) for name, words in SHARES.items() if name in found]
    parts = [
        (
            "What a held-out line costs (nats per token, less is better)",
            intervals([(words, found[name]) for name, words in COSTS.items()], zero=False, label="NLL per token"),
        ),
        (
            "Gained over the card alone, and over other characters' LoRAs",
            intervals([("gain", negated(found["gain"])), *margins], zero=True, label="gain and swap margins"),
        ),
        ("Whose voice a reader hears in the replies", intervals(shares, zero=True, label="speaker identification")),
        ("How long lines are", bars(said_lengths(report, scores), "words in each line")),
        ("How it was learnt", losses(history, "loss by step")),
    ]
    return "".join(f"<h2>{escape(title)}</h2>{plot}" for title, plot in parts if plot)


def negated(figure: Figure) -> Figure:
    """A gain as something to be glad of: above zero."""
    low, high = figure.low, figure.high
    return Figure(
        -figure.value, None if high is None else -high, None if low is None else -low, figure.items, figure.blocks
    )


def said_lengths(report: Evaluation, scores: Scores) -> dict[str, list[int]]:
    return {
        "real": lengths(str(score["reply"]) for score in scores),
        "before": lengths(sample.before for sample in report.samples),
        "after": lengths(sample.after for sample in report.samples),
    }


def samples(said: Sequence[Sample]) -> str:
    """Side by side, for reading: no figure says whether a character is good company."""
    rows = "".join(
        f"<tr><td>{escape(one.asked)}</td><td>{escape(one.before)}</td><td>{escape(one.after)}</td>"
        f'<td class="soft">{escape(one.real)}</td></tr>'
        for one in said
    )
    return f"<h2>Side by side</h2>{table(('Asked', 'The card alone', 'With the LoRA', 'In the play'), rows)}"


def figures(found: Mapping[str, Figure]) -> str:
    """Every figure, with its interval and what it counts."""
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td class="n">{figure.value:.4f}</td><td class="n">{between(figure)}</td>'
        f'<td class="n">{figure.items}</td><td class="n">{figure.blocks or ""}</td>'
        f'<td class="n">{"" if figure.p is None else f"{figure.p:.3g}"}</td></tr>'
        for name, figure in found.items()
    )
    return f"<h2>Every figure</h2>{table(('Figure', 'Value', '95% interval', 'Items', 'Blocks', 'p'), rows)}"


def between(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"{figure.low:.4f} to {figure.high:.4f}"


def origin(report: Evaluation) -> str:
    """What would make the same report again."""
    facts = {
        "base": f"{report.base} {report.base_hash[:16]}",
        "data": report.data_hash,
        "rivals": ", ".join(report.rivals) or "none",
        "replies a prompt": report.samples_each,
        **{name: digest[:16] for name, digest in report.lora_hashes.items()},
        **report.versions,
    }
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td><code>{escape(str(value))}</code></td></tr>" for name, value in facts.items()
    )
    return f"<h2>Where it comes from</h2><table><tbody>{rows}</tbody></table>"
