"""From rows to figures: one dictionary per method, plain JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from benchmarks.prior.copies import COPY
from benchmarks.prior.hits import judge
from benchmarks.prior.prompts import GROUPS, Asked
from benchmarks.prior.spread import diversity, features, kernel_distance

Row = dict[str, Any]
MIN_SHARE: Final = 0.7
"""A structure is of a material if at least this share of its blocks is, as in the generator's captions."""


def mean(values: Iterable[float]) -> float | None:
    """Their mean, or None for none."""
    found = [float(v) for v in values]
    return round(sum(found) / len(found), 4) if found else None


def precision(rows: list[Row], prompts: dict[str, Asked]) -> dict[str, Any]:
    """R-precision of each group with the number of worlds; for settings also of the family alone."""
    out: dict[str, Any] = {}
    for group in GROUPS:
        hits = [judge(r, prompts[r["prompt"]]) for r in rows if prompts[r["prompt"]].group == group]
        if hits:
            out[group] = {"right": mean(h.right for h in hits), "worlds": len(hits)}
            if group == "setting":
                out[group] |= {"family": mean(h.family for h in hits), "place": mean(h.place for h in hits)}
    return out


def shapes(rows: list[Row], prompts: dict[str, Asked]) -> dict[str, Any]:
    """Per family: how many worlds were measured, how many pass, and each question's share of yes."""
    found: dict[str, list[dict[str, bool]]] = defaultdict(list)
    for row in rows:
        if "shape" in row:
            found[prompts[row["prompt"]].families[0]].append(row["shape"])
    return {
        family: {
            "worlds": len(answers),
            "pass": mean(all(a.values()) for a in answers),
            "questions": {q: mean(a[q] for a in answers) for q in answers[0]},
        }
        for family, answers in sorted(found.items())
    }


def material(rows: list[Row]) -> dict[str, Any]:
    """Over the prompts of one kind of object that name a material."""
    shares = [r["material_share"] or 0.0 for r in rows if "material_share" in r]
    return {"share": mean(shares), "at least 70 %": mean(s >= MIN_SHARE for s in shares), "worlds": len(shares)}


def copying(rows: list[Row]) -> dict[str, Any]:
    """Agreement with the nearest training structure."""
    values = [r["copy"] for r in rows if "copy" in r]
    if not values:
        return {}
    return {
        "largest": max(values),
        "median": round(float(np.median(values)), 4),
        "copies": sum(v >= COPY for v in values),
        "copied prompts": sorted({r["prompt"] for r in rows if r.get("copy", 0) >= COPY}),
        "worlds": len(values),
    }


def edits(rows: list[Row]) -> dict[str, Any]:
    """What became of the rest of an edited map."""
    outside = [r["untouched"]["outside"] for r in rows if r["untouched"]["outside"] is not None]
    return {
        "worlds": len(rows),
        "worlds with an outside": len(outside),
        "outside the site, same": mean(outside),
        "outside the site, same, least": round(min(outside), 4) if outside else None,
        "of all full cells, same": mean(r["untouched"]["all"] for r in rows),
        "site, share of the plan": mean(r["untouched"]["site"] for r in rows),
        "grounded": mean(r["grounded"] for r in rows),
    }


def costs(facts: list[Row]) -> dict[str, Any]:
    """Seconds and memory by device and number of workers that shared it."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for f in facts:
        groups[f"{f['device']}, {f.get('workers', 1)} at once"].append(f)
    return {
        name: {
            "runs": len(group),
            "seconds, median": round(float(np.median([f["seconds"] for f in group])), 2),
            "seconds, largest": max(f["seconds"] for f in group),
            "device memory, largest GiB": round(max(f["device_peak_bytes"] for f in group) / 2**30, 2),
            "process memory, largest GiB": round(max(f["process_peak_bytes"] for f in group) / 2**30, 2),
        }
        for name, group in sorted(groups.items())
    }


def summarise(rows: list[Row], prompts: dict[str, Asked], timing: list[Row]) -> dict[str, Any]:
    """Every method's figures. ``timing`` are facts of further runs that count for the costs only."""
    by_method: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_method[row["method"]].append(row)
    spread = features(by_method["generator"]).std(axis=0)
    scale = spread + 0.1 * spread.mean() + 1e-6  # a feature that hardly ever fires must not outweigh the others
    out: dict[str, Any] = {}
    known: Callable[[Row], bool] = lambda r: prompts[r["prompt"]].group != "unseen"  # noqa: E731
    real = [r for r in by_method["generator"] if known(r)]
    for method, all_rows in by_method.items():
        new = [r for r in all_rows if r["map_id"] is None]
        changed = [r for r in all_rows if r["map_id"] is not None]
        asked: dict[str, list[Row]] = defaultdict(list)
        for row in new:
            asked[row["prompt"]].append(row)
        mine = [r for r in new if known(r)]
        others = by_method["generator-2"] if method == "generator" else real
        apart, shape = diversity(list(asked.values()), scale)
        out[method] = {
            "worlds": len(new),
            "precision": precision(new, prompts),
            "distance to the generator's worlds": round(
                kernel_distance(features(mine) / scale, features(others) / scale), 4
            )
            if len(mine) > 1 and len(others) > 1
            else None,
            "diversity": {"features": round(apart, 3), "shape": round(shape, 3)},
            "grounded": {
                "mean": mean(r["grounded"] for r in new),
                "least": min(r["grounded"] for r in new),
                "at least 99 %": mean(r["grounded"] >= 0.99 for r in new),
            },
            "floating pieces a world": mean(r["floating_pieces"] for r in new),
            "material": material(new),
            "shapes": shapes(new, prompts),
            "copies": copying(new),
        }
        if changed:
            out[method]["edits"] = edits(changed)
        facts = [r["facts"] for r in all_rows if r["facts"]] + [f for f in timing if f["method"] == method]
        if facts:
            out[method]["costs"] = costs(facts)
    return out
