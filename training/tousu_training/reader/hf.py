"""An encoder of the BERT family in the usual layout: config.json, model.safetensors, tokenizer.json."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.classifier.reader.words import BLOCK
from tousu.errors import ModelCorrupt, ModelMissing
from tousu_training.reader.weights import Encoder, Layer

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
KINDS = ("bert", "roberta", "xlm-roberta")
# Our names of a layer's parts, and those of the layout.
LINEAR = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "fi": "intermediate.dense", "fo": "output.dense",
}  # fmt: skip
NORM = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def load(folder: Path) -> Encoder:
    """Read the encoder in a directory.

    Raises:
        ModelMissing: A file is not there.
        ModelCorrupt: A file cannot be read, or it is an encoder of another kind.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as tensors_of
    from tokenizers import Tokenizer

    contents = {name: _bytes(folder / name) for name in (CONFIG, WEIGHTS, TOKENIZER)}
    try:
        config = json.loads(contents[CONFIG])
        tensors = {_plain(name): value for name, value in tensors_of(contents[WEIGHTS]).items()}
        tokenizer = Tokenizer.from_buffer(contents[TOKENIZER])
    except (ValueError, SafetensorError, KeyError) as error:
        raise ModelCorrupt(f"编码器读不出：{folder}（{error}）", expected="常见的三个文件", fix="检查文件") from error
    except Exception as error:  # the tokenizer's library raises no narrower one
        raise ModelCorrupt(f"编码器的词表读不出：{folder / TOKENIZER}", fix="检查文件") from error
    _check(config, folder)
    own = _Tensors(tensors, folder)
    kind, width = str(config["model_type"]), int(config["hidden_size"])
    first = 0 if kind == "bert" else int(config.get("pad_token_id", 1)) + 1
    places = own.array("embeddings.position_embeddings.weight")[first:]
    types = own.array("embeddings.token_type_embeddings.weight")[:1]
    name = str(config.get("_name_or_path") or folder.name)
    return Encoder(
        name=name,
        licence="",
        sha256=hashlib.sha256(contents[WEIGHTS]).hexdigest(),
        heads=int(config["num_attention_heads"]),
        epsilon=float(config.get("layer_norm_eps", 1e-12)),
        words=own.array("embeddings.word_embeddings.weight"),
        positions=np.asarray(places + types),
        norm=own.norm("embeddings.LayerNorm"),
        layers=[_layer(own, number, width) for number in range(int(config["num_hidden_layers"]))],
        tokenizer=tokenizer,
        prefix="query: " if "e5" in name.lower() else "",
    )


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelMissing(
            f"编码器缺少 {file}", expected=f"{CONFIG}、{WEIGHTS}、{TOKENIZER}", fix="检查 --encoder 的目录"
        ) from error


def _plain(name: str) -> str:
    """Return a tensor's name without what it may begin with, and with the newer names of a norm's parts."""
    for begin in ("bert.", "roberta.", "model."):
        name = name.removeprefix(begin)
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


def _check(config: Any, folder: Path) -> None:
    """Refuse an encoder whose layers are not those of BERT."""
    if not isinstance(config, dict) or config.get("model_type") not in KINDS:
        found = config.get("model_type") if isinstance(config, dict) else None
        raise ModelCorrupt(f"{folder} 是 {found} 类的编码器", expected="、".join(KINDS), fix="换一个编码器")
    for key in ("hidden_size", "num_attention_heads", "num_hidden_layers"):
        if not isinstance(config.get(key), int) or config[key] < 1:
            raise ModelCorrupt(f"{folder / CONFIG} 缺少 {key} 或类型不对", expected="正整数", fix="检查文件")
    if config.get("hidden_act", "gelu") != "gelu":
        raise ModelCorrupt(f"{folder} 的激活函数是 {config['hidden_act']}", expected="gelu", fix="换一个编码器")
    if config["hidden_size"] % BLOCK or config["hidden_size"] % config["num_attention_heads"]:
        raise ModelCorrupt(f"{folder} 的宽度是 {config['hidden_size']}", expected=f"{BLOCK} 的倍数", fix="换一个编码器")


class _Tensors:
    """The file's tensors by name."""

    def __init__(self, tensors: dict[str, Any], folder: Path) -> None:
        self._tensors, self._folder = tensors, folder

    def array(self, name: str) -> NDArray[np.float32]:
        """Return a tensor as float32."""
        if name not in self._tensors:
            raise ModelCorrupt(
                f"{self._folder / WEIGHTS} 里没有 {name}", expected="BERT 类的编码器", fix="换一个编码器"
            )
        return np.asarray(self._tensors[name], dtype=np.float32)

    def norm(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weight and bias of a norm."""
        return self.array(f"{name}.weight"), self.array(f"{name}.bias")


def _layer(own: _Tensors, number: int, width: int) -> Layer:
    begin = f"encoder.layer.{number}."
    made: Layer = {}
    for ours, theirs in LINEAR.items():
        made[ours], made[f"{ours}.b"] = own.array(f"{begin}{theirs}.weight"), own.array(f"{begin}{theirs}.bias")
    for ours, theirs in NORM.items():
        made[f"{ours}.w"], made[f"{ours}.b"] = own.norm(begin + theirs)
    if made["q"].shape != (width, width):
        raise ModelCorrupt(f"编码器第 {number + 1} 层的形状不对", expected=f"{width} × {width}", fix="换一个编码器")
    return made
