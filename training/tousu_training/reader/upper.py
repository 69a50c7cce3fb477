"""Tuning the upper layers and the heads on labelled rows."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from tousu_training.reader import layers
from tousu_training.reader.checkpoint import restore, store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jax import Array
    from numpy.typing import NDArray

    from tousu_training.reader.lower import Lowered
    from tousu_training.reader.weights import Encoder

STORED_EVERY = 50
UNKNOWN = -1.0


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """How the upper layers are tuned; what each was chosen by stands in bench/QUALITY.md.

    Attributes:
        frozen: How many of the lowest layers stay as they are.
        most: Most tokens of a text.
        halved: Whether the upper layers see two neighbouring tokens as one.
        epochs: How often every row is seen.
        warm: Steps in which the learning rates rise, a tenth of all at most.
        decay: Share of the steps, the last ones, in which the rates fall to nought; between they stay level.
        batch: Rows of a step.
        rate: Highest learning rate of the layers.
        head_rate: Highest learning rate of the heads.
        smoothing: Share of the target spread over all domains.
        dropout: Share of a text vector's numbers left out in a step.
        facets: What the facet's loss weighs beside the domains'.
        heads: What the loss of the heads of kinds, signals and routes weighs, all together.
        seed: Of everything that is drawn.
    """

    frozen: int = 8
    most: int = 128
    halved: bool = True
    epochs: float = 3.0
    warm: int = 100
    decay: float = 0.4
    batch: int = 16
    rate: float = 1e-4
    head_rate: float = 2e-3
    smoothing: float = 0.1
    dropout: float = 0.1
    facets: float = 0.3
    heads: float = 1.5
    seed: int = 20261


@dataclass(frozen=True, slots=True)
class Targets:
    """What is to be learnt of each row.

    Attributes:
        primary: Column of the row's primary, shape (rows,).
        domains: How many domains there are.
        facets: 1 yes, 0 no, -1 nobody said, shape (rows, facets).
        heads: The same of each kind, signal and route, shape (rows, heads); no column where rows do not say.
    """

    primary: NDArray[np.int64]
    domains: int
    facets: NDArray[np.float32]
    heads: NDArray[np.float32]


Parameters = dict[str, Any]
"""``layers``: the tuned ones, lowest first; ``w`` (domains + facets + heads, width) and ``b`` of what is told."""


def start(encoder: Encoder, targets: Targets, settings: TuneSettings) -> Parameters:
    """Return the parameters before tuning: the encoder's own upper layers and small random heads."""
    draw = np.random.default_rng(settings.seed)
    rows = targets.domains + targets.facets.shape[1] + targets.heads.shape[1]
    return {
        "layers": [dict(own) for own in encoder.layers[settings.frozen :]],
        "w": (draw.standard_normal((rows, encoder.width)) * 0.02).astype(np.float32),
        "b": np.zeros(rows, dtype=np.float32),
    }


def logits(
    own: Parameters, x: Array, mask: Array, *, heads: int, epsilon: float, halved: bool,
    dropout: tuple[float, Array] | None = None,
) -> Array:  # fmt: skip
    """Return the logits of domains, facets and heads, shape (texts, domains + facets + heads).

    Args:
        own: The parameters.
        x: Vectors of the tokens after the frozen layers, shape (texts, tokens, width).
        mask: 1 for tokens, 0 for padding, shape (texts, tokens).
        heads: Attention heads.
        epsilon: The norms' epsilon.
        halved: Whether two neighbouring tokens are seen as one.
        dropout: The share left out and a key to draw by; nothing is left out without.
    """
    first, *rest = own["layers"]
    asking, told = layers.halve(x, mask) if halved else (x, mask)
    x = layers.layer(first, x, mask, heads, epsilon, asking)
    for further in rest:
        x = layers.layer(further, x, told, heads, epsilon)
    vector = layers.mean(x, told)
    if dropout is not None:
        share, key = dropout
        vector = vector * jax.random.bernoulli(key, 1 - share, vector.shape) / (1 - share)
    return jnp.asarray(vector @ own["w"].T + own["b"])


def tune(
    encoder: Encoder, lowered: Lowered, targets: Targets, rows: NDArray[np.int64], settings: TuneSettings, *,
    folder: Path, progress: Callable[[int, int, float], None],
) -> Parameters:  # fmt: skip
    """Tune the upper layers on some rows; begin where the last run in ``folder`` was stopped.

    Args:
        encoder: The encoder.
        lowered: What its lower layers make of every text.
        targets: What is to be learnt of every text.
        rows: The texts to learn from.
        settings: How.
        folder: Where the state is kept every ``STORED_EVERY`` steps.
        progress: Told the steps done, all of them, and the mean loss of late.
    """
    steps = int(settings.epochs * (rows.size // settings.batch))
    maker, pace = _optimiser(settings), paces(settings, steps)
    own = start(encoder, targets, settings)
    state: Any = (own, maker.init(own))
    done, state = restore(folder, asdict(settings), state)
    step = _step(encoder, targets.domains, settings, maker)
    late = 0.0
    batches = _batches(lowered.lengths[rows], settings)
    for number, places in enumerate(batches[:steps], 1):
        if number <= done:
            continue
        picked = rows[places]
        x, mask = lowered.padded(picked)
        key = jax.random.fold_in(jax.random.PRNGKey(settings.seed), number)
        told = targets.primary[picked], targets.facets[picked], targets.heads[picked]
        *state, loss = step(*state, x, mask, *told, key, pace[number - 1])
        late = float(loss) if not late else 0.98 * late + 0.02 * float(loss)
        progress(number, steps, late)
        if number % STORED_EVERY == 0 or number == steps:
            store(folder, asdict(settings), number, tuple(state))
    return jax.tree.map(np.asarray, state[0])  # type: ignore[no-any-return]


def paces(settings: TuneSettings, steps: int) -> NDArray[np.float32]:
    """Return what the learning rates are multiplied by at each step, shape (steps,).

    They rise, stay level and fall (Hu et al. 2024, arXiv:2404.06395) rather than follow a cosine: until they fall, a
    run of more epochs takes the same steps as one of fewer.
    """
    warm, fall = min(settings.warm, max(1, steps // 10)), max(1, round(steps * settings.decay))
    at = np.arange(steps)
    return np.clip(np.minimum(at / warm, (steps - at) / fall), 0, 1).astype(np.float32)


def _optimiser(settings: TuneSettings) -> optax.GradientTransformation:
    """Return AdamW, the heads at a rate of their own."""
    return optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.multi_transform(
            {
                "body": optax.adamw(settings.rate, weight_decay=0.01),
                "head": optax.adamw(settings.head_rate, weight_decay=0.01),
            },
            {"layers": "body", "w": "head", "b": "head"},
        ),
    )


def _step(encoder: Encoder, domains: int, settings: TuneSettings, maker: optax.GradientTransformation) -> Any:
    """Return the compiled step: parameters, state, a batch, a key and the pace in; both and the loss out."""
    alike = settings.smoothing

    def loss(
        own: Parameters, x: Array, mask: Array, primary: Array, facets: Array, heads: Array, key: Array
    ) -> Array:  # fmt: skip
        told = logits(
            own, x, mask, heads=encoder.heads, epsilon=encoder.epsilon, halved=settings.halved,
            dropout=(settings.dropout, key),
        )  # fmt: skip
        wanted = jax.nn.one_hot(primary, domains) * (1 - alike) + alike / domains
        value = -(wanted * jax.nn.log_softmax(told[:, :domains])).sum(-1).mean()
        first = domains + facets.shape[1]
        value += settings.facets * _apart(told[:, domains:first], facets)
        return value + settings.heads * _apart(told[:, first:], heads)

    @jax.jit
    def step(
        own: Parameters, state: Any, x: Array, mask: Array, primary: Array, facets: Array, heads: Array, key: Array,
        pace: Array,
    ) -> Any:  # fmt: skip
        value, slope = jax.value_and_grad(loss)(own, x, mask, primary, facets, heads, key)
        change, state = maker.update(slope, state, own)
        return optax.apply_updates(own, jax.tree.map(lambda part: part * pace, change)), state, value

    return step


def _apart(told: Array, wanted: Array) -> Array | float:
    """Return the mean loss of yes/no answers, those nobody gave left out; nought where there are none at all."""
    if not wanted.shape[1]:
        return 0.0
    known = (wanted >= 0).astype(jnp.float32)
    lost = optax.sigmoid_binary_cross_entropy(told, jnp.maximum(wanted, 0))
    return jnp.asarray((lost * known).sum() / jnp.maximum(known.sum(), 1))


def _batches(lengths: NDArray[np.int64], settings: TuneSettings) -> list[NDArray[np.int64]]:
    """Return the places of every step's rows, all epochs: drawn at random, rows of like length together."""
    draw = np.random.default_rng(settings.seed)
    size, every = settings.batch, []
    for _ in range(math.ceil(settings.epochs)):
        mixed = draw.permutation(lengths.size)
        epoch = []
        for at in range(0, mixed.size, size * 20):
            part = mixed[at : at + size * 20]
            part = part[np.argsort(lengths[part], kind="stable")]
            epoch += [part[n : n + size] for n in range(0, part.size - size + 1, size)]
        every += [epoch[n] for n in draw.permutation(len(epoch))][: lengths.size // size]
    return every


def score(
    encoder: Encoder, own: Parameters, lowered: Lowered, rows: NDArray[np.int64], settings: TuneSettings
) -> NDArray[np.float32]:
    """Return the logits of some texts, shape (rows, domains + facets + heads)."""

    @jax.jit
    def run(own: Parameters, x: Array, mask: Array) -> Array:
        return logits(own, x, mask, heads=encoder.heads, epsilon=encoder.epsilon, halved=settings.halved)

    out = np.zeros((rows.size, own["b"].size), dtype=np.float32)
    order = np.argsort(lowered.lengths[rows], kind="stable")
    for at in range(0, order.size, 32):
        places = order[at : at + 32]
        x, mask = lowered.padded(rows[np.resize(places, 32)])
        out[places] = np.asarray(run(own, x, mask))[: places.size]
    return out
