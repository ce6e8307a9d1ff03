"""Writes MODEL_CARD.md from what was measured, so that no number in it is typed by hand."""

import json
from pathlib import Path
from typing import Any

from finetune.understudy.attributes import attributes
from finetune.understudy.corpus import EARLY_DRILLS, LATE_DRILLS
from finetune.understudy.dialogues import dialogues
from finetune.understudy.evaluate import TELLS
from finetune.understudy.exam import Understudy
from finetune.understudy.sayings import asking, fan_lines, talk
from finetune.understudy.train import MUON
from finetune.understudy.written import HERE

LENGTH_AND_PACE = ("minutes", "tokens", "size", "rate", "optimiser", "seed")


def write(run: Path, folder: Path) -> None:
    """The card and its loss curve, into the model's folder. A missing report is a FileNotFoundError."""
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    report = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    player = Understudy(folder)
    draw_loss(run, folder / "loss.svg")
    template = (HERE / "card_template.md").read_text(encoding="utf-8")
    text = template.format(
        **facts(about, config, run.name),
        run=run.name,
        parameters=sum(p.numel() for p in player.model.parameters()) / 1e6,
        honest=(HERE / "honest.md").read_text(encoding="utf-8").strip(),
        history=(HERE / "history.md").read_text(encoding="utf-8").strip(),
        seed=report["seed"],
        asked=max(score["asked"] for score in report["scores"]),
        figures=figures(report),
        intents=intents(),
        dialogues="\n\n".join(f"### {n}\n\n{d.markdown()}" for n, d in enumerate(dialogues(player, 10))),
    )
    (folder / "MODEL_CARD.md").write_text(text, encoding="utf-8")


def facts(about: dict[str, Any], config: dict[str, Any], run: str) -> dict[str, Any]:
    """What the run and the configuration say of themselves."""
    plan, spent = about["plan"], about["spent"]
    return {
        "hidden": config["hidden_size"],
        "layers": config["num_hidden_layers"],
        "heads": config["num_attention_heads"],
        "window": config["max_position_embeddings"],
        "vocabulary": config["vocab_size"],
        "corpora": "; ".join(f"`{digest}` from step {step} on" for step, digest in about["corpora"]),
        "steps": spent["steps"],
        "tokens": spent["tokens"] / 1e6,
        "learnt": spent["learnt"] / 1e6,
        "minutes": spent["seconds"] / 60,
        "rate": spent["tokens"] / spent["seconds"],
        "run_seed": plan["seed"],
        "prompt_weight": plan["prompt_weight"],
        "numbers": "bfloat16" if plan["bf16"] else "float32",
        "optimisers": taken_by(plan),
        "command": command(plan, run),
        "early": EARLY_DRILLS,
        "late": LATE_DRILLS,
    }


def command(plan: dict[str, Any], run: str) -> str:
    """What was typed."""
    said = [f"--{name.replace('_', '-')} {plan[name]}" for name in LENGTH_AND_PACE if plan[name]]
    said += [f"--prompt-weight {plan['prompt_weight']:g}", *(["--bf16"] if plan["bf16"] else [])]
    said += [f"--start {plan['start']}"] if plan["start"] else []
    said += [f"--layers {plan['layers']}"] if plan["layers"] else []
    return f"greenroom finetune understudy train --out runs/{run} {' '.join(said)}"


def taken_by(plan: dict[str, Any]) -> str:
    """Who took the steps, and how long they were at most."""
    if plan["optimiser"] != "muon":
        return f"AdamW ({plan['rate']:g})"
    return f"Muon for the blocks' matrices ({plan['rate'] * MUON:.3g}) and AdamW for the rest ({plan['rate']:g})"


def figures(report: dict[str, Any]) -> str:
    """The report as a Markdown table."""
    rows = ["| | measured | 95% interval | target | met |", "| --- | --- | --- | --- | --- |"]
    rows += [figure(score) for score in report["scores"]]
    speed = report["speed"]
    rows += [
        f"| distinct-2 over the sampled replies | {report['distinct_2']:.3f} | | reported | |",
        f"| replies that stand verbatim in 60,000 documents | {report['verbatim']:.1%} | | reported | |",
        f"| tokens/s, {speed['threads']} threads | {speed['tokens_per_second']:.0f} | | >= 60 | |",
        f"| first token, {speed['prompt_tokens']}-token prompt | {speed['first_token']:.3f} s | | < 0.3 s | |",
    ]
    return "\n".join(rows)


def figure(score: dict[str, Any]) -> str:
    """One row: what, how often, how sure, against what."""
    sign = "<" if score["at_most"] else ">="
    wanted = "reported" if score["target"] is None else f"{sign} {score['target']:.0%}"
    met = {True: "yes", False: "**no**", None: ""}[score["met"]]
    return (
        f"| {TELLS[score['skill']]} | {score['share']:.1%} of {score['asked']} | {score['low']:.1%} to "
        f"{score['high']:.1%} | {wanted} | {met} |"
    )


def intents() -> int:
    """Acts, topics, and three for each attribute: telling it, asking one's own, asking the persona's."""
    return len(fan_lines()) + len(talk()) + len(asking()) + 3 * len(attributes()) + 2


def draw_loss(run: Path, picture: Path) -> None:
    """Loss over tokens: the persona's own words, a running mean over the log's lines."""
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    millions = [row["tokens"] / 1e6 for row in rows]
    axes.plot(millions, [row["own"] for row in rows], color="#b9a8ff", linewidth=0.8, label="each logged step")
    axes.plot(millions, running_mean([row["own"] for row in rows]), color="#5b3df5", label="running mean")
    axes.set(xlabel="million tokens", ylabel="nats per token, persona's words", ylim=(0, 4))
    axes.legend(frameon=False)
    figure.savefig(picture, metadata={"Date": None})


def running_mean(values: list[float], window: int = 15) -> list[float]:
    return [sum(values[max(0, n - window + 1) : n + 1]) / min(n + 1, window) for n in range(len(values))]
