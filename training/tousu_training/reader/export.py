"""The encoder as ONNX files that onnxruntime reads: weights in seven bits, one text a run.

Matrices are kept as integers from -64 to 63 with one scale a column. Processors without VNNI add two products in
sixteen bits; with seven bits a weight that sum always fits, so that every processor finds the same integers
(eight bits saturate there). A text is read alone and without padding: the scale of a text's vectors is found
from all of them at once, so that a neighbour in a batch would change its answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tousu_training.reader.outliers import Outliers

OPSET, CONTRIB, IR = 17, 1, 9
STEPS = 64
OURS = "com.microsoft"


class Graph:
    """A graph in the making: nodes are appended, names are given out."""

    def __init__(self, heads: int, epsilon: float) -> None:
        self.heads, self.epsilon = heads, float(epsilon)
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        name = f"c{len(self._constants)}"
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(self, kind: str, inputs: Sequence[str], *, outputs: int = 1, domain: str = "", **attributes: Any) -> Any:
        """Add a node and return the name of its output, or the names of its outputs."""
        names = [f"n{len(self._nodes)}_{number}" for number in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def linear(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """Multiply by a matrix (outputs, inputs) kept in seven bits and add the bias."""
        steps, scale = seven_bits(weight)
        inputs = [x, self.constant(steps.T), self.constant(scale), "", self.constant(bias.astype(np.float32))]
        return str(self.node("DynamicQuantizeMatMul", inputs, domain=OURS))

    def norm(self, x: str, added: str, own: Mapping[str, NDArray[np.float32]], name: str) -> str:
        """Add two vectors and normalise the sum."""
        inputs = [x, added, self.constant(own[f"{name}.w"]), self.constant(own[f"{name}.b"])]
        return str(self.node("SkipLayerNormalization", inputs, domain=OURS, epsilon=self.epsilon))

    def layer(
        self, x: str, own: Mapping[str, NDArray[np.float32]], outliers: Outliers, asking: str | None = None
    ) -> str:
        """Add one layer; ``asking`` are the vectors that attend, ``x`` itself by default."""
        if asking is None:
            asking = x
            parts = self.node("Split", [self._joined(x, own, "qkv")], outputs=3, axis=-1)
        else:
            parts = [
                self.linear(asking, own["q"], own["q.b"]),
                *self.node("Split", [self._joined(x, own, "kv")], outputs=2, axis=-1),
            ]
        told = self.node("MultiHeadAttention", parts, domain=OURS, num_heads=self.heads)
        middle = self.norm(asking, self.linear(told, own["ao"], own["ao.b"]), own, "aln")
        return self.norm(middle, self._fed_forward(middle, own, outliers), own, "oln")

    def _fed_forward(self, middle: str, own: Mapping[str, NDArray[np.float32]], outliers: Outliers) -> str:
        """Add a layer's feed-forward part, the outlying channels in float32."""
        few, apart = outliers.middle, outliers.inner
        most = np.setdiff1d(np.arange(own["fi"].shape[0]), apart)
        keep = np.ones(own["fi"].shape[1], dtype=np.float32)
        keep[few] = 0
        loud = self.node("Gather", [middle, self.constant(few)], axis=2)
        quiet = self.node("Mul", [middle, self.constant(keep)])
        inner = self.node("Add", [
            self.linear(quiet, own["fi"][most] * keep, own["fi.b"][most]),
            self.node("MatMul", [loud, self.constant(own["fi"][most][:, few].T)]),
        ])  # fmt: skip
        beside = self.node("MatMul", [middle, self.constant(own["fi"][apart].T)])
        beside = self.node("Add", [beside, self.constant(own["fi.b"][apart])])
        return str(self.node("Add", [
            self.linear(self.node("Gelu", [inner], domain=OURS), own["fo"][:, most], own["fo.b"]),
            self.node("MatMul", [
                self.node("Gelu", [beside], domain=OURS), self.constant(own["fo"][:, apart].T),
            ]),
        ]))  # fmt: skip

    def _joined(self, x: str, own: Mapping[str, NDArray[np.float32]], names: str) -> str:
        """Multiply by several matrices at once, their outputs side by side."""
        weight = np.concatenate([own[name] for name in names])
        return self.linear(x, weight, np.concatenate([own[f"{name}.b"] for name in names]))

    def halved(self, x: str) -> str:
        """Return the mean of each two neighbouring tokens; an odd last one stays as it is."""
        turned = self.node("Transpose", [x], perm=[0, 2, 1])
        means = self.node("AveragePool", [turned], kernel_shape=[2], strides=[2], ceil_mode=1, count_include_pad=0)
        return str(self.node("Transpose", [means], perm=[0, 2, 1]))

    def finish(self, output: str, name: str, width: int) -> bytes:
        """Return the file: ``hidden`` (1, tokens, width) in, ``name`` out."""
        self._nodes.append(helper.make_node("Identity", [output], [name]))
        given = helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [1, "tokens", width])
        made = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        graph = helper.make_graph(self._nodes, name, [given], [made], list(self._constants.values()))
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(OURS, CONTRIB)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="tousu")
        model.ir_version = IR
        return bytes(model.SerializeToString(deterministic=True))


def seven_bits(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a matrix (outputs, inputs) as integers of seven bits, and the scale of each output."""
    scale = np.maximum(np.abs(weight).max(axis=1), 1e-12) / (STEPS - 1)
    return np.rint(weight / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def lower_file(
    norm: tuple[NDArray[np.float32], NDArray[np.float32]], layers: Sequence[Any], outliers: Sequence[Outliers],
    heads: int, epsilon: float,
) -> bytes:  # fmt: skip
    """Return the file of the lower layers: embeddings in, ``lowered`` (1, tokens, width) out.

    Args:
        norm: Weight and bias of the norm over the embeddings.
        layers: The layers, lowest first.
        outliers: Their outlying channels.
        heads: Attention heads.
        epsilon: The norms' epsilon.
    """
    graph = Graph(heads, epsilon)
    x = graph.node(
        "LayerNormalization", ["hidden", graph.constant(norm[0]), graph.constant(norm[1])],
        axis=-1, epsilon=graph.epsilon,
    )  # fmt: skip
    for own, loud in zip(layers, outliers, strict=True):
        x = graph.layer(x, own, loud)
    return graph.finish(x, "lowered", norm[0].size)


def tags_file(
    layers: Sequence[Any], outliers: Sequence[Outliers], weight: NDArray[np.float32], bias: NDArray[np.float32],
    heads: int, epsilon: float, *, halved: bool,
) -> bytes:  # fmt: skip
    """Return the file of the tuned upper layers and the heads: what the lower made in, ``logits`` (1, heads) out."""
    graph = Graph(heads, epsilon)
    x = graph.layer("hidden", layers[0], outliers[0], graph.halved("hidden") if halved else None)
    for own, loud in zip(layers[1:], outliers[1:], strict=True):
        x = graph.layer(x, own, loud)
    vector = graph.node("ReduceMean", [x], axes=[1], keepdims=0)
    logits = graph.node("Gemm", [vector, graph.constant(weight), graph.constant(bias)], transB=1)
    return graph.finish(logits, "logits", weight.shape[1])


def vectors_file(layers: Sequence[Any], outliers: Sequence[Outliers], heads: int, epsilon: float) -> bytes:
    """Return the file of the original upper layers: what the lower made in, ``vector`` (1, width; unit length) out."""
    graph = Graph(heads, epsilon)
    x = "hidden"
    for own, loud in zip(layers, outliers, strict=True):
        x = graph.layer(x, own, loud)
    mean = graph.node("ReduceMean", [x], axes=[1], keepdims=0)
    vector = graph.node("LpNormalization", [mean], axis=-1, p=2)
    return graph.finish(vector, "vector", layers[0]["q"].shape[1])
