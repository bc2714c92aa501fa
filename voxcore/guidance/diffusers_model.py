"""Stable Diffusion XL, 1.5 and 2.1 as image models: the real classes. The one file that imports diffusers.

Text encoders are loaded, used once for all texts of a job and dropped; then the UNet and the encoder
half of the autoencoder stay, frozen. Numbers are those of diffusers' own pipelines on the same inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from voxcore.errors import InvalidInput, ModelFormatError, NotFound
from voxcore.guidance.cuda_graph import Graphed
from voxcore.guidance.image_model import Question
from voxcore.guidance.model_folder import ModelFolder, check_model_folder, weight_variant
from voxcore.guidance.noise_schedule import NoiseSchedule

HUB_MODELS: Final = (
    "stabilityai/stable-diffusion-xl-base-1.0",
    "stabilityai/sdxl-turbo",
    "stabilityai/sd-turbo",
    "stable-diffusion-v1-5/stable-diffusion-v1-5",
)
"""The models that may be named by their id on the hub; each has a licence of its own."""
_HUB_FILES: Final = ("*.json", "*/*.json", "*/*.txt", "*/*.fp16.safetensors")
_ROWS_AT_ONCE: Final = 2
"""Of a batch in low memory: one view with and without its text."""


class DiffusersModel:
    """See the module and `voxcore.guidance.image_model.ImageModel`.

    Args:
        read_texts: from texts to their embeddings [P, L, D] and pooled embeddings [P, E] (SDXL).
        low_memory: see TrainConfig.
        graphs: replay the UNet as CUDA graphs.
    """

    def __init__(
        self,
        unet: UNet2DConditionModel,
        vae: AutoencoderKL | AutoencoderTiny,
        schedule: NoiseSchedule,
        read_texts: Callable[[Sequence[str]], tuple[Tensor, Tensor | None]],
        *,
        low_memory: bool = False,
        graphs: bool = False,
    ) -> None:
        self._unet = unet.requires_grad_(False).eval()
        self._vae = vae.requires_grad_(False).eval()
        # Only pictures are encoded here; the other half would only take memory.
        del self._vae.decoder
        self.schedule, self.read_texts, self._low_memory = schedule, read_texts, low_memory
        self._texts: tuple[str, ...] = ()
        self._words: Tensor = torch.zeros(0)
        self._pooled: Tensor | None = None
        self._forward: Callable[..., Tensor] = self._answer
        self.replay(graphs)

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return torch.device(self._unet.device)

    def replay(self, graphs: bool) -> None:
        """Whether the UNet is replayed as CUDA graphs from now on; recordings there were are dropped."""
        self._forward = Graphed(self._answer) if graphs else self._answer

    def read(self, texts: Sequence[str]) -> None:
        """Embed ``texts``, unless they are those that were read last."""
        if tuple(texts) == self._texts:
            return
        words, pooled = self.read_texts(texts)
        self._words = words.to(self.device, self._unet.dtype)
        self._pooled = None if pooled is None else pooled.to(self.device, self._unet.dtype)
        self._texts = tuple(texts)

    def encode(self, rgb: Tensor) -> Tensor:
        """As in ImageModel: the mean of the latents' distribution, times the autoencoder's own factor."""
        pictures = (rgb.permute(0, 3, 1, 2) * 2.0 - 1.0).to(self.device, self._vae.dtype)
        if not self._low_memory:
            return self._encode(pictures)
        # One view at a time, and its layers anew on the way back: one view's activations are all there are.
        views = [checkpoint(self._encode, view, use_reentrant=False) for view in torch.split(pictures, 1)]
        return torch.cat(views)

    def _encode(self, pictures: Tensor) -> Tensor:
        encoded = self._vae.encode(pictures)
        tiny = isinstance(self._vae, AutoencoderTiny)
        latents: Tensor = (encoded.latents if tiny else encoded.latent_dist.mode()).float()
        return latents * float(self._vae.config.scaling_factor)

    @torch.no_grad()
    def output(self, noisy: Tensor, t: int, question: Question) -> Tensor:
        mix = question.mix.to(self._words)
        words = torch.einsum("bp,pld->bld", mix, self._words)
        pooled = None if self._pooled is None else mix @ self._pooled
        height, width = question.size
        rows = _ROWS_AT_ONCE if self._low_memory else len(noisy)
        out = []
        for part in range(0, len(noisy), rows):
            now = slice(part, part + rows)
            inputs = {
                "noisy": noisy[now].to(self._unet.dtype),
                "t": torch.full((len(noisy[now]),), t, device=self.device),
                "words": words[now],
            }
            if pooled is not None:
                # Size of the original, its cropped corner and the size wanted (arXiv:2307.01952, section 2.2).
                sizes = torch.tensor([[height, width, 0, 0, height, width]], device=self.device, dtype=words.dtype)
                inputs |= {"pooled": pooled[now], "sizes": sizes.expand(len(noisy[now]), -1)}
            out.append(self._forward(**inputs).float())
        return torch.cat(out)

    def _answer(
        self, noisy: Tensor, t: Tensor, words: Tensor, pooled: Tensor | None = None, sizes: Tensor | None = None
    ) -> Tensor:
        added = None if pooled is None else {"text_embeds": pooled, "time_ids": sizes}
        out = self._unet(noisy, t, encoder_hidden_states=words, added_cond_kwargs=added, return_dict=False)
        raw: Tensor = out[0]
        return raw


class TextReader:
    """Reads texts with a folder's encoders, which are in memory only while it does."""

    def __init__(self, folder: ModelFolder, device: torch.device, dtype: torch.dtype) -> None:
        self._folder, self._device, self._dtype = folder, device, dtype

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor | None]:
        """Embeddings [P, L, D] and, for SDXL, pooled ones [P, E]. Raises ModelFormatError."""
        parts: list[Tensor] = []
        pooled: Tensor | None = None
        sdxl = self._folder.kind == "sdxl"
        for part, words in zip(self._folder.encoders, self._folder.tokenizers, strict=True):
            with _read_errors(words):
                tokenizer = CLIPTokenizer.from_pretrained(self._folder.path / words, local_files_only=True)
            projected = part == "text_encoder_2"
            encoder = _load(CLIPTextModelWithProjection if projected else CLIPTextModel, self._folder.path, part,
                            half=self._dtype != torch.float32, dtype=self._dtype).to(self._device)  # fmt: skip
            length, kinds = encoder.config.max_position_embeddings, encoder.config.vocab_size
            if tokenizer.model_max_length > length or len(tokenizer) > kinds:
                raise ModelFormatError(
                    f"expected at most {length} tokens of {kinds} kinds, as {part} takes them, got "
                    f"{tokenizer.model_max_length} of {len(tokenizer)}",
                    field=f"model.{words}",
                )
            tokens = tokenizer(list(texts), padding="max_length", truncation=True, return_tensors="pt")
            masked = getattr(encoder.config, "use_attention_mask", False)
            found = encoder(
                tokens.input_ids.to(self._device),
                attention_mask=tokens.attention_mask.to(self._device) if masked else None,
                output_hidden_states=True,
            )
            # SDXL reads the last layer but one of both encoders, and the second one's pooled text.
            parts.append(found.hidden_states[-2] if sdxl else found[0])
            pooled = found[0] if projected else None
        embedded = torch.cat(parts, dim=-1)
        if self._folder.empty_is_zero and pooled is not None:
            said = torch.tensor([bool(text) for text in texts], device=embedded.device)
            embedded, pooled = embedded * said[:, None, None], pooled * said[:, None]
        return embedded, pooled


def load_model(
    folder: Path, device: torch.device, *, tiny_encoder: bool = False, low_memory: bool = False
) -> DiffusersModel:
    """The model in ``folder``, ready for questions.

    float32 on a CPU, bfloat16 on GPUs that have it, else float16, and then float32 for an autoencoder
    that says it overflows in half precision. Raises NotFound, ModelFormatError, StorageError.
    """
    found = check_model_folder(folder, tiny_encoder=tiny_encoder)
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    dtype = torch.float32
    if device.type == "cuda":
        dtype = torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    half = dtype != torch.float32
    kind = AutoencoderTiny if found.is_tiny else AutoencoderKL
    vae = _load(kind, folder, found.autoencoder, half=half, torch_dtype=torch.float32)
    overflows = dtype == torch.float16 and not found.is_tiny and vae.config.force_upcast
    with _read_errors("scheduler"):
        levels = DDIMScheduler.from_pretrained(folder / "scheduler", local_files_only=True)
        # Models of pixels say how far a picture may go; latents have no such bound.
        bound = float(levels.config.clip_sample_range) if levels.config.clip_sample else None
        schedule = NoiseSchedule(levels.alphas_cumprod, levels.config.prediction_type, bound)
    return DiffusersModel(
        _load(UNet2DConditionModel, folder, "unet", half=half, torch_dtype=dtype).to(device),
        vae.to(device, torch.float32 if overflows else dtype),
        schedule,
        TextReader(found, device, dtype),
        low_memory=low_memory,
        graphs=device.type == "cuda" and not low_memory,
    )


_kept: dict[tuple[Path, str, bool, bool], DiffusersModel] = {}


def kept_model(folder: Path, device: torch.device, *, tiny_encoder: bool, low_memory: bool) -> DiffusersModel:
    """`load_model`, which the next job with the same model need not wait for. One model is kept."""
    key = (folder.resolve(), str(device), tiny_encoder, low_memory)
    if key not in _kept:
        # Before the next one is loaded: there may be no room for two.
        _kept.clear()
        _kept[key] = load_model(folder, device, tiny_encoder=tiny_encoder, low_memory=low_memory)
    return _kept[key]


def hub_folder(name: str, *, download: bool = False) -> Path:
    """The folder of one of HUB_MODELS in the hub's cache on this machine; ``download`` fetches it first.

    Raises InvalidInput for any other name, NotFound where it is not here or cannot be fetched.
    """
    if name not in HUB_MODELS:
        raise InvalidInput(f"expected a folder or one of {', '.join(HUB_MODELS)}, got {name[:100]!r}", field="model")
    try:
        return Path(snapshot_download(name, allow_patterns=list(_HUB_FILES), local_files_only=not download))
    except LocalEntryNotFoundError as error:
        raise NotFound(f"{name} is not in this machine's cache; --download fetches it", field="model") from error
    except (OSError, ValueError) as error:
        raise NotFound(f"{name} cannot be fetched: {error}", field="model") from error


def _load(kind: Any, folder: Path, part: str, *, half: bool, **dtype: torch.dtype) -> Any:
    """One part with its weights. Raises ModelFormatError, also where weights are missing."""
    with _read_errors(part):
        model, info = kind.from_pretrained(
            folder,
            subfolder=part,
            variant=weight_variant(folder, part, half=half),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **dtype,
        )
    if missing := sorted(info["missing_keys"]):
        raise ModelFormatError(f"expected weights for {missing[0]} and {len(missing) - 1} more", field=f"model.{part}")
    return model


@contextmanager
def _read_errors(part: str) -> Iterator[None]:
    """The one place where what the libraries raise about a folder becomes an error of ours."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, ModelFormatError):
        raise
    except Exception as error:
        first = str(error).strip().splitlines()[:1]
        raise ModelFormatError(f"cannot be read: {first[0] if first else error!r}", field=f"model.{part}") from error
