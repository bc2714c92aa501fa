"""Step ``report``: one Markdown table, its figures as JSON, and sheets of 60 results to look at."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import describe
from benchmarks.prior import hits, network, results
from benchmarks.prior.prompts import load_prompts
from benchmarks.prior.reference import TRIAL
from benchmarks.prior.sheets import sheet
from benchmarks.prior.summary import summarise

FOLDER: Final = Path(__file__).with_name("results")
METHODS: Final = ("distill", "sample", "generator", "generator-2", "retrieval")
GOALS: Final = {"single": 0.92, "setting": 0.80, "several": 0.60, "unseen": 0.80}
"""R-precision that the prior should reach, by distilling as well as by sampling."""


def percent(value: float | None) -> str:
    """97.3 %, or a dash."""
    return "-" if value is None else f"{100 * value:.1f} %"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def table(summary: dict[str, Any]) -> str:
    """All methods side by side, one measure a line."""
    names = [m for m in METHODS if m in summary]
    lines = [_line(["", *names, "earlier trial", "goal"]), "|" + "---|" * (len(names) + 3)]

    def add(title: str, cells: list[str], trial: str = "-", goal: str = "-") -> None:
        lines.append(_line([title, *cells, trial, goal]))

    for group, goal in GOALS.items():
        cells = []
        for m in names:
            found = summary[m]["precision"].get(group)
            text = percent(found["right"]) + f" of {found['worlds']}" if found else "-"
            if found and group == "setting":
                text += f" (family {percent(found['family'])}, place {percent(found['place'])})"
            cells.append(text)
        trial = ", ".join(f"{a} of {b} ({m})" for m, (a, b) in TRIAL.items()) if group == "single" else "-"
        add(f"R-precision, {group}", cells, trial, f"at least {100 * goal:.0f} %")
    each = [summary[m] for m in names]
    add("distance to the generator's worlds (KID)", [str(s["distance to the generator's worlds"]) for s in each])
    add("diversity between seeds: features", [f"{s['diversity']['features']:.2f}" for s in each])
    add("diversity between seeds: 1 - IoU of what is built", [f"{s['diversity']['shape']:.2f}" for s in each])
    add(
        "blocks connected to the ground: mean (least)",
        [f"{percent(s['grounded']['mean'])} ({percent(s['grounded']['least'])})" for s in each],
        goal="at least 99 %",
    )
    add("floating pieces a world", [f"{s['floating pieces a world']:.2f}" for s in each])
    add(
        "asked material: mean share (worlds with 70 % of it)",
        [f"{percent(s['material']['share'])} ({percent(s['material']['at least 70 %'])})" for s in each],
    )
    passed = []
    for s in each:
        total = sum(f["worlds"] for f in s["shapes"].values())
        good = sum(f["worlds"] * f["pass"] for f in s["shapes"].values())
        passed.append(f"{percent(good / total)} of {total}" if total else "-")
    add("shape measures passed", passed)
    add(
        "nearest training structure: largest agreement (copies)",
        [f"{percent(s['copies']['largest'])} ({s['copies']['copies']})" if s["copies"] else "-" for s in each],
        goal="no copies",
    )
    for title, key in (("outside the site, same", "outside the site, same"), ("all full cells, same",) * 2):
        key = "of all full cells, same" if key.startswith("all") else key
        goal = "at least 95 %" if key.startswith("outside") else "-"
        add(f"edits: {title}", [percent(s["edits"][key]) if "edits" in s else "-" for s in each], goal=goal)
    return "\n".join(lines)


def shape_table(summary: dict[str, Any]) -> str:
    """Share of worlds that pass each family's measures; the generator's is the measure's own ceiling."""
    names = [m for m in METHODS if m in summary and m != "generator-2"]
    families = sorted({f for m in names for f in summary[m]["shapes"]})
    lines = [_line(["family", "questions", *names]), "|" + "---|" * (len(names) + 2)]
    for family in families:
        shown = [summary[m]["shapes"].get(family) for m in names]
        questions = next(s for s in shown if s)["questions"]
        lines.append(
            _line(
                [family, "; ".join(questions), *(f"{percent(s['pass'])} of {s['worlds']}" if s else "-" for s in shown)]
            )
        )
    return "\n".join(lines)


def cost_table(summary: dict[str, Any]) -> str:
    """Seconds and memory of the jobs."""
    lines = [
        _line(["method", "where", "runs", "seconds: median", "largest", "device GiB", "process GiB"]),
        "|" + "---|" * 7,
    ]
    for method in METHODS:
        for where, c in summary.get(method, {}).get("costs", {}).items():
            lines.append(_line([method, where, *(str(v) for v in c.values())]))
    return "\n".join(lines)


def misses(rows: list[dict[str, Any]], method: str) -> str:
    """Which prompts went wrong most, and what was seen instead."""
    prompts = load_prompts()
    wrong: dict[str, list[str]] = {}
    for row in rows:
        asked = prompts[row["prompt"]]
        if row["method"] == method and row["map_id"] is None and not hits.judge(row, asked).right:
            seen = ", ".join(row["families"][: len(asked.families)])
            if asked.group == "setting":
                seen += f" ({row['setting'][0]}, {row['ground'][0]})"
            wrong.setdefault(asked.id, []).append(seen)
    order = sorted(wrong, key=lambda i: (-len(wrong[i]), i))
    return "\n".join(f"- {prompts[i].prompt}: {'; '.join(wrong[i])}" for i in order)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The step's own options."""
    parser.add_argument("rows", type=Path, help="rows.jsonl, or its folder")
    parser.add_argument("--results", type=Path, nargs="*", default=[], help="results folders, for the sheets")
    parser.add_argument("--timing", type=Path, nargs="*", default=[], help="results folders that count for the costs")
    parser.add_argument("--classifier", type=Path, default=network.WEIGHTS)
    parser.add_argument("--out", type=Path, default=FOLDER)


def main(args: argparse.Namespace) -> int:
    path = args.rows / "rows.jsonl" if args.rows.is_dir() else args.rows
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    timing = [record.facts for folder in args.timing for record in results.read(folder)]
    prompts = load_prompts()
    summary = summarise(rows, prompts, timing)
    trained = network.load(args.classifier)[1]
    args.out.mkdir(parents=True, exist_ok=True)
    figures = {"machine": describe(), "classifier": trained, "methods": summary}
    (args.out / "prior.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    text = ["# The prior, judged", "", f"Scored on {describe()}.", ""]
    text += [f"Classifier: {json.dumps(trained)}", "", table(summary), "", "## Shapes", "", shape_table(summary), ""]
    text += ["## Costs", "", cost_table(summary), ""]
    for method in ("distill", "sample", "generator"):
        text += [f"## What {method} got wrong", "", misses(rows, method), ""]
    (args.out / "prior.md").write_text("\n".join(text), encoding="utf-8")
    print(table(summary))
    for method in ("distill", "sample"):
        chosen = [
            record
            for folder in args.results
            for record in results.read(folder)
            if record.facts["method"] == method and not record.facts["map_id"] and record.facts["seed"] == 1
        ]
        if chosen:
            (args.out / f"{method}.png").write_bytes(sheet(chosen, {r["key"]: r for r in rows}, prompts))
    return 0
