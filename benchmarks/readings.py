"""How many wordings that training never had are read as what they mean, before any network sees them.

Three sets: the words that captions never hold (`HELD_OUT` in voxcore/worlds/vocabulary.py), the benchmark's prompts in
unseen wordings, and sentences that name nothing (descriptions.tsv; those marked "chosen" were used to choose the
settings of the classifier, the "fresh" ones were not). A wording counts as read right where the reading names the
family that it means.

    PYTHONPATH=. python benchmarks/readings.py
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.prior.prompts import load_prompts
from voxcore.prior.description import NOTHING
from voxcore.prior.reading import read_prompt
from voxcore.prior.vocabulary import families_named
from voxcore.worlds.vocabulary import HELD_OUT

SENTENCES = Path(__file__).with_name("descriptions.tsv")


def report(title: str, wordings: Iterable[tuple[str, str]]) -> None:
    """One line for the set, and one for each wording that is not read right."""
    wrong, count, typed = [], 0, 0
    for prompt, family in wordings:
        count += 1
        typed += family in families_named(prompt)
        reading = read_prompt(prompt).text
        if family not in families_named(reading):
            wrong.append(f"    {family}: {prompt}" + (f" -> {reading}" if reading != prompt else ""))
    print(f"{title}: {count - len(wrong)} of {count} are read as their family, {typed} as typed")
    print("\n".join(wrong))


def main() -> None:
    report("held-out words", ((f"a {word}", family) for word, family in HELD_OUT.items()))
    unseen = [prompt for prompt in load_prompts().values() if prompt.group == "unseen"]
    report("unseen prompts", ((prompt.prompt, prompt.families[0]) for prompt in unseen))
    lines = [line.split("\t") for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    for group in ("chosen", "fresh"):
        sentences = [(text, family) for of, family, text in lines if of == group]
        report(f"{group} sentences", ((text, family) for text, family in sentences if family != NOTHING))
        taken = sum(bool(read_prompt(text).taken_for) for text, family in sentences if family == NOTHING)
        others = sum(family == NOTHING for _, family in sentences)
        print(f"{group} sentences about nothing it knows: {taken} of {others} are taken for something")


if __name__ == "__main__":
    main()
