from __future__ import annotations

import re

import pytest

from benchmarks.prior.generate import plan
from benchmarks.prior.prompts import EDIT_PROMPTS, GROUPS, load_prompts
from benchmarks.prior.reference import wish_of
from voxcore.worlds import FAMILIES, generate
from voxcore.worlds.vocabulary import NOUNS

PROMPTS = load_prompts()


def test_forty_prompts_a_group_all_different() -> None:
    texts = [a.prompt.lower() for a in PROMPTS.values()]
    assert len(set(texts)) == 160
    assert {g: sum(a.group == g for a in PROMPTS.values()) for g in GROUPS} == dict.fromkeys(GROUPS, 40)


@pytest.mark.parametrize("asked", PROMPTS.values(), ids=lambda a: a.id)
def test_the_generator_can_build_what_is_asked(asked) -> None:
    world = generate(2**47, wish=wish_of(asked))
    assert {f for f, _ in world.objects} == set(asked.families)


def test_unseen_wordings_do_not_name_their_family_as_captions_do() -> None:
    for asked in PROMPTS.values():
        if asked.group == "unseen":
            words = " " + re.sub(r"[^a-z' ]", " ", asked.prompt.lower()) + " "
            named = [n for n in NOUNS[asked.families[0]] if f" {n} " in words or f" {n}s " in words]
            assert not named, (asked.prompt, named)


def test_groups_ask_for_what_they_are_about() -> None:
    for asked in PROMPTS.values():
        assert set(asked.families) <= set(FAMILIES)
        if asked.group == "setting":
            assert asked.setting or asked.ground
        if asked.group in ("single", "unseen"):
            assert len(asked.objects) == 1
        if asked.group == "several":
            assert len(asked.objects) > 1 or (asked.objects[0][1] or 0) > 1


def test_plan_is_complete_and_has_no_run_twice() -> None:
    runs = plan(list(GROUPS), ["distill", "sample"], [1, 2, 3], edits=True, limit=None)
    assert len(runs) == len({r.key for r in runs}) == 160 * 6 + 2 * 2 * len(EDIT_PROMPTS)
