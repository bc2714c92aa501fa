from __future__ import annotations

import json
import sys

import pytest

from benchmarks.prior import __main__ as command
from benchmarks.prior import results
from benchmarks.prior.network import Classifier, load, save


def run(monkeypatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["prior", *map(str, arguments)])
    return command.main()


def test_all_steps_from_jobs_to_the_report(tmp_path, monkeypatch) -> None:
    few = ("--limit", 1, "--groups", "single", "several", "--seeds", 1, "--set", "steps=2", "teacher_calls=2")
    assert run(monkeypatch, "generate", "--out", tmp_path / "runs", *few, "--no-edits") == 0
    edit = ("--limit", 1, "--groups", "--seeds", 1, "--methods", "sample", "--set", "steps=1")
    assert run(monkeypatch, "generate", "--out", tmp_path / "runs", *edit) == 0
    records = list(results.read(tmp_path / "runs"))
    assert len(records) == 2 * 2 + 2
    before = [(p, p.stat().st_mtime_ns) for p in results.parts(tmp_path / "runs")]
    assert run(monkeypatch, "generate", "--out", tmp_path / "runs", *few, "--no-edits") == 0
    assert [(p, p.stat().st_mtime_ns) for p in results.parts(tmp_path / "runs")] == before

    weights = tmp_path / "classifier.safetensors"
    save(Classifier(8), weights, {"steps": 0})
    assert load(weights)[1] == {"steps": 0}
    score = ("--classifier", weights, "--workers", 1, "--seeds", 2, "--training", 40)
    assert run(monkeypatch, "score", tmp_path / "runs", "--out", tmp_path / "scores", *score) == 0
    rows = [json.loads(line) for line in (tmp_path / "scores" / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == 6 + 2 * 3 * 2
    assert sum("untouched" in row for row in rows) == 2

    shown = ("--results", tmp_path / "runs", "--timing", tmp_path / "runs", "--classifier", weights)
    assert run(monkeypatch, "report", tmp_path / "scores", *shown, "--out", tmp_path / "report") == 0
    figures = json.loads((tmp_path / "report" / "prior.json").read_text())["methods"]
    assert set(figures) == {"distill", "sample", "generator", "generator-2", "retrieval"}
    assert figures["distill"]["precision"]["several"]["worlds"] == 1
    assert figures["sample"]["edits"]["worlds"] == 2
    assert "| R-precision, single |" in (tmp_path / "report" / "prior.md").read_text()
    assert (tmp_path / "report" / "distill.png").read_bytes().startswith(b"\x89PNG")


def test_the_classifier_learns_a_little_and_is_saved(tmp_path, monkeypatch) -> None:
    weights = tmp_path / "c.safetensors"
    small = (
        "--seconds",
        2,
        "--workers",
        1,
        "--batch",
        2,
        "--ring",
        64,
        "--pictures",
        64,
        "--first",
        32,
        "--held-out",
        32,
        "--width",
        16,  # at 8, torch 2.13 crashes on CPUs with AVX-512: the gradient of its 1x1 convolution with stride 2
    )
    assert run(monkeypatch, "train-classifier", "--out", weights, *small) == 0
    _, facts = load(weights)
    assert facts["steps"] >= 1
    assert 0 <= facts["held_out"]["top1"] <= 1


def test_weights_for_other_names_are_refused(tmp_path, monkeypatch) -> None:
    from benchmarks.prior import network

    weights = tmp_path / "c.safetensors"
    save(Classifier(8), weights, {})
    monkeypatch.setattr(network, "HEADS", {**network.HEADS, "setting": ("plain",)})
    with pytest.raises(ValueError, match="other names"):
        load(weights)
