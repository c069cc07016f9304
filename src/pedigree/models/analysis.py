"""What a model costs, layer by layer, and how far each layer sees."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any, NamedTuple

import keras
from keras import layers

from pedigree.errors import WrongUseError

CONVOLUTIONS = (
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
    layers.SeparableConv1D,
    layers.SeparableConv2D,
)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
POOLS = (
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.AveragePooling3D,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.MaxPooling3D,
)
UPSAMPLINGS = (layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D)
GLOBAL_POOLS = (
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
)
RECURRENT = (layers.SimpleRNN, layers.GRU, layers.LSTM)
NORMALIZATIONS = (layers.BatchNormalization, layers.LayerNormalization)
MERGES = (
    layers.Add,
    layers.Average,
    layers.Concatenate,
    layers.Maximum,
    layers.Multiply,
    layers.Subtract,
)
COMPUTING = (
    *(*CONVOLUTIONS, *TRANSPOSED, *POOLS, *UPSAMPLINGS, *GLOBAL_POOLS),
    *(*RECURRENT, *NORMALIZATIONS, *MERGES, layers.Dense),
)
# They pass on the values that they receive, at other places or with a border.
REARRANGING = (
    layers.InputLayer,
    layers.Resizing,
    layers.Flatten,
    layers.Reshape,
    layers.ZeroPadding1D,
    layers.ZeroPadding2D,
    layers.Cropping1D,
    layers.Cropping2D,
)


@dataclass(frozen=True)
class LayerCost:
    """A layer's share in what a model costs, for one example.

    Attributes:
        name: Its name; of a layer inside a nested model, behind the name of that model.
        type: Its class.
        output_shape: Shape of its output, without the batch.
        parameters: Its weights, trainable or not.
        activations: Values that a training keeps of it. None for a layer that works in
            place (activations, dropout) or rearranges what it receives; of a recurrent
            layer the outputs of all steps.
        multiply_adds: Products of a value and a weight, each with its addition. As
            usual, a convolution's include those with the border; biases and pools have
            none.
        receptive_field: Pixels or steps of the input, along each of its axes, that one
            value depends on, were there no border; `None` where it is all of them, or
            where the input has no axis.
    """

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int
    activations: int
    multiply_adds: int
    receptive_field: tuple[int, ...] | None


@dataclass(frozen=True)
class Memory:
    """Bytes that a training needs, beside the workspace of its kernels.

    Attributes:
        batch_size: Examples in a batch.
        activations: What the forward pass keeps.
        parameters: All weights.
        gradients: One per trainable weight.
        optimizer: The optimizer's state.
    """

    batch_size: int
    activations: int
    parameters: int
    gradients: int
    optimizer: int

    @property
    def total(self) -> int:
        """All together."""
        return self.activations + self.parameters + self.gradients + self.optimizer


class _Step(NamedTuple):
    """A call of a layer, and the places of the calls that it takes its inputs from."""

    name: str
    layer: keras.Layer
    sources: tuple[int, ...]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]


def analyse(model: keras.Model) -> list[LayerCost]:
    """Take a model apart.

    Args:
        model: A functional model of the layers that this module names, of others that
            have no weights and keep the shape, and of such models.

    Returns:
        What each layer costs, in the order of computation.

    Raises:
        WrongUseError: If it holds a layer of another type.
    """
    steps = _steps(model)
    counted: set[int] = set()
    costs = []
    for place, step in enumerate(steps):
        weights = [w for w in step.layer.weights if id(w) not in counted]
        counted.update(map(id, weights))
        costs.append(
            LayerCost(
                name=step.name,
                type=type(step.layer).__name__,
                output_shape=step.output_shape,
                parameters=sum(prod(weight.shape) for weight in weights),
                activations=_activations(step),
                multiply_adds=_multiply_adds(step),
                receptive_field=_receptive_field(steps, place),
            )
        )
    return costs


def estimate_memory(
    model: keras.Model,
    costs: Sequence[LayerCost],
    optimizer: keras.Optimizer,
    batch_size: int,
    activation_bytes: int,
) -> Memory:
    """The memory that a training takes at least.

    Args:
        model: The model.
        costs: What its layers cost.
        optimizer: Any optimizer like the one it is trained with; it gets built.
        batch_size: Examples in a batch.
        activation_bytes: Bytes of one value between the layers: 4, or 2 in mixed
            precision, which keeps the weights in 4.
    """
    trainable = 4 * sum(prod(weight.shape) for weight in model.trainable_weights)
    activations = sum(cost.activations for cost in costs)
    return Memory(
        batch_size=batch_size,
        activations=activation_bytes * batch_size * activations,
        parameters=4 * sum(prod(weight.shape) for weight in model.weights),
        gradients=trainable,
        optimizer=trainable * _slots(optimizer),
    )


def _slots(optimizer: keras.Optimizer) -> int:
    """Values that an optimizer keeps for each weight."""
    weight = keras.Variable([0.0, 0.0], name="weight")
    optimizer.build([weight])
    return sum(each.shape == weight.shape for each in optimizer.variables)


def _steps(model: keras.Model) -> list[_Step]:
    steps: list[_Step] = []
    _append_steps(model, "", {}, steps)
    return steps


def _append_steps(
    model: keras.Model, prefix: str, inputs: Mapping[int, int], steps: list[_Step]
) -> list[int]:
    """Append a model's calls.

    Args:
        model: The model, or a model that it calls.
        prefix: What the names of its layers begin with.
        inputs: Of a nested model: where each of its input tensors, named by its
            identity, comes from.
        steps: What to append to.

    Returns:
        The places of its outputs.
    """
    graph = _graph(model)
    places = dict(inputs)
    for node in _nodes(graph):
        layer, tensors = node.operation, node.output_tensors
        if id(tensors[0]) in places:
            continue
        sources = tuple(places[id(tensor)] for tensor in node.input_tensors)
        if isinstance(layer, keras.Model):
            entries = dict(zip(map(id, _graph(layer).inputs), sources, strict=True))
            ends = _append_steps(layer, f"{prefix}{layer.name}/", entries, steps)
        else:
            ends = [len(steps)] * len(tensors)
            first = (node.input_tensors or tensors)[0]
            shapes = [tuple(each.shape[1:]) for each in (first, tensors[0])]
            steps.append(_Step(prefix + layer.name, layer, sources, *shapes))
        places.update(zip(map(id, tensors), ends, strict=True))
    return [places[id(tensor)] for tensor in graph.outputs]


def _graph(model: keras.Model) -> keras.Model:
    """The functional model, which a `Sequential` hides."""
    return getattr(model, "_functional", None) or model


def _nodes(graph: keras.Model) -> Iterator[Any]:
    """The calls of layers, each after those that it depends on."""
    for _, nodes in sorted(graph._nodes_by_depth.items(), reverse=True):
        yield from nodes


def _activations(step: _Step) -> int:
    if isinstance(step.layer, RECURRENT):
        return step.input_shape[0] * int(step.layer.units)
    return 0 if _is_in_place(step) else prod(step.output_shape)


def _is_in_place(step: _Step) -> bool:
    """Whether a layer makes no values that would have to be kept."""
    if isinstance(step.layer, REARRANGING):
        return True
    if isinstance(step.layer, COMPUTING):
        return False
    if step.layer.weights or step.input_shape != step.output_shape:
        raise WrongUseError(
            "the analysis must know every type of layer. Received: "
            f"{step.name}, a {type(step.layer).__name__}",
            "Add the type to src/pedigree/models/analysis.py.",
        )
    return True


def _multiply_adds(step: _Step) -> int:
    layer, positions = step.layer, prod(step.output_shape[:-1])
    if isinstance(layer, layers.SeparableConv1D | layers.SeparableConv2D):
        return positions * _values(layer.depthwise_kernel, layer.pointwise_kernel)
    if isinstance(layer, (*CONVOLUTIONS, layers.Dense)):
        return positions * _values(layer.kernel)
    if isinstance(layer, TRANSPOSED):
        return prod(step.input_shape[:-1]) * _values(layer.kernel)
    if isinstance(layer, RECURRENT):
        per_step = _values(layer.cell.kernel, layer.cell.recurrent_kernel)
        return step.input_shape[0] * per_step
    return prod(step.output_shape) if isinstance(layer, NORMALIZATIONS) else 0


def _values(*weights: keras.Variable) -> int:
    return sum(prod(weight.shape) for weight in weights)


def _receptive_field(steps: list[_Step], place: int) -> tuple[int, ...] | None:
    axes = len(steps[place].output_shape) - 1
    fields = [_field_along(steps, place, axis) for axis in range(axes)]
    known = tuple(field for field in fields if field is not None)
    return known if known and len(known) == axes else None


def _field_along(steps: list[_Step], place: int, axis: int) -> int | None:
    """Follow one value back to the input: of several ways, the widest counts."""

    @cache
    def distance_at_input(place: int, distance: int) -> int | None:
        """How far the outermost inputs of values at that distance lie apart."""
        step = steps[place]
        if not step.sources:
            return distance
        before = _distance_before(step.layer, distance, axis)
        if before is None:
            return None
        found = [distance_at_input(source, before) for source in step.sources]
        known = [each for each in found if each is not None]
        return max(known) if len(known) == len(found) else None

    distance = distance_at_input(place, 0)
    return None if distance is None else distance + 1


def _distance_before(layer: keras.Layer, distance: int, axis: int) -> int | None:
    """The distance of what a layer needs for two outputs that lie that far apart."""
    if isinstance(layer, POOLS):
        return int(distance * layer.strides[axis] + layer.pool_size[axis] - 1)
    if isinstance(layer, UPSAMPLINGS):
        factors = layer.size if isinstance(layer.size, tuple) else (layer.size,)
        return -int(-distance // factors[axis])  # rounded up
    if isinstance(layer, TRANSPOSED):
        return int((distance + _width(layer, axis)) // layer.strides[axis])
    if hasattr(layer, "kernel_size"):
        return int(distance * layer.strides[axis] + _width(layer, axis))
    turned = (layers.Flatten, layers.Reshape, *GLOBAL_POOLS, *RECURRENT)
    return None if isinstance(layer, turned) else distance


def _width(layer: keras.Layer, axis: int) -> int:
    """The distance between the first and the last pixel of a kernel."""
    return int((layer.kernel_size[axis] - 1) * layer.dilation_rate[axis])
