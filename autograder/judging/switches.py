"""TensorFlow's, Keras's and NumPy's global switches: which of them a notebook has thrown, and a state without any of it.

A switch changes what the same line of code does everywhere. The reference is ours and runs as TensorFlow comes (`as_it_comes`);
an answer runs in the state that its notebook has made, and what it fails at is then told with the call that made it
(`thrown`). Reading them all takes some microseconds.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import patches


@dataclass(frozen=True)
class Switch:
    """One global setting. call: what throws it, as a student types it. default: as it comes."""

    call: str
    read: Callable[[], Any]
    default: Any
    put: Callable[[Any], None] | None = None


def thrown() -> list[str]:
    """The calls that have been made, as far as they still count; most telling first."""
    found = [_call(switch, value) for switch in _switches() if (value := _read(switch)) != switch.default]
    return [OPEN if call == EAGER and _in_a_graph() else call for call in found]


def state() -> dict[str, Any]:
    """Every switch by its call, as it is now."""
    return {switch.call: _read(switch) for switch in _switches()}


def restore(wanted: dict[str, Any]) -> None:
    """Put every switch back to where it was when `state` gave this."""
    for switch in _switches():
        if switch.call in wanted and switch.put is not None and _read(switch) != wanted[switch.call]:
            with contextlib.suppress(Exception):  # what cannot be put back is told by `thrown`
                switch.put(wanted[switch.call])


def left(before: dict[str, Any]) -> list[str]:
    """What has been thrown since `state` gave this, as calls; it is put back.

    Not NumPy's warnings, which many a careful function silences, nor what cannot be put back: `thrown` tells of that.
    """
    found = [
        _call(switch, value)
        for switch in _switches()
        if switch.put is not None
        and switch.call in before
        and switch.call != WARNINGS
        and (value := _read(switch)) not in (before[switch.call], switch.default)  # who puts one right does no harm
    ]
    restore(before)
    return found


@contextlib.contextmanager
def as_it_comes() -> Iterator[None]:
    """Meanwhile all switches are as TensorFlow comes, whatever was thrown; ops run eagerly, and nothing is put in a function's place."""
    before = state()
    with contextlib.ExitStack() as around:
        around.enter_context(patches.meanwhile({}))
        around.callback(restore, before)
        restore({switch.call: switch.default for switch in _switches()})
        strategy = _under_a_strategy()
        if strategy:
            import tensorflow as tf

            around.enter_context(tf.Graph().as_default())  # another's variables are not made by the strategy
        if strategy or not before.get(EAGER, True):
            from tensorflow.python.eager import context

            around.enter_context(context.eager_mode())
        yield


def _under_a_strategy() -> bool:
    """Is the scope of a `tf.distribute.Strategy` open?"""
    if "tensorflow" not in sys.modules:
        return False
    import tensorflow as tf

    return tf.distribute.has_strategy()


WARNINGS = "np.seterr(…)"
EAGER = "tf.compat.v1.disable_eager_execution()"
OPEN = "tf.compat.v1.InteractiveSession(), or a graph entered by as_default() and not left"


def _read(switch: Switch) -> Any:
    try:
        return switch.read()
    except Exception:  # noqa: BLE001  another version may lack a private name: then nobody can tell
        return switch.default


def _in_a_graph() -> bool:
    """Is eager execution off only because a graph is the default one? Then nobody has disabled it."""
    from tensorflow.python.framework import ops

    return bool(getattr(getattr(ops, "_default_graph_stack", None), "stack", ()))


def _call(switch: Switch, value: Any) -> str:
    return switch.call.replace("…", repr(value))


def _switches() -> list[Switch]:
    """All of them, as far as their libraries are loaded."""
    found = [Switch(WARNINGS, np.geterr, _ERRORS, lambda value: np.seterr(**value))]
    if "tensorflow" in sys.modules and "keras" in sys.modules:
        found = [*_tensorflow(), *_keras(), *found]
    return found


_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def _tensorflow() -> list[Switch]:
    import tensorflow as tf
    from tensorflow.python.data.ops import debug_mode
    from tensorflow.python.debug.lib import check_numerics_callback
    from tensorflow.python.eager import context
    from tensorflow.python.framework import config, ops, tensor

    v1 = tf.compat.v1

    def numerics() -> bool:
        return getattr(check_numerics_callback._state, "check_numerics_callback", None) is not None

    def soft_placement() -> bool:
        """As it was set. What nobody has set follows eager execution, and would be told beside it as another switch."""
        asked = context.context()._soft_device_placement
        return True if asked is None else asked

    def numpy_style() -> list:
        return [str(ops._dtype_conversion_mode).rpartition(".")[2], ops._numpy_style_slicing]

    def put_numpy_style(value: list) -> None:
        ops._dtype_conversion_mode = getattr(ops.PromoMode, value[0])
        ops._numpy_style_slicing = value[1]

    return [
        Switch(EAGER, tf.executing_eagerly, True),
        Switch(
            "tf.config.run_functions_eagerly(…)",
            tf.config.functions_run_eagerly,
            False,
            tf.config.run_functions_eagerly,
        ),
        Switch(
            "tf.experimental.numpy.experimental_enable_numpy_behavior()", numpy_style, ["OFF", False], put_numpy_style
        ),
        Switch(
            "tf.config.experimental.enable_op_determinism()",
            config.is_op_determinism_enabled,
            False,
            lambda value: config.enable_op_determinism() if value else config.disable_op_determinism(),
        ),
        Switch(
            "tf.debugging.enable_check_numerics()",
            numerics,
            False,
            lambda value: (
                tf.debugging.enable_check_numerics() if value else check_numerics_callback.disable_check_numerics()
            ),
        ),
        Switch(
            "tf.compat.v1.disable_tensor_equality()",
            lambda: tensor.Tensor._USE_EQUALITY,
            True,
            lambda value: v1.enable_tensor_equality() if value else v1.disable_tensor_equality(),
        ),
        Switch(
            "tf.compat.v1.disable_resource_variables()",
            v1.resource_variables_enabled,
            True,
            lambda value: v1.enable_resource_variables() if value else v1.disable_resource_variables(),
        ),
        Switch(
            "tf.compat.v1.disable_control_flow_v2()",
            v1.control_flow_v2_enabled,
            True,
            lambda value: v1.enable_control_flow_v2() if value else v1.disable_control_flow_v2(),
        ),
        Switch(
            "tf.config.set_soft_device_placement(…)",
            soft_placement,
            True,
            tf.config.set_soft_device_placement,
        ),
        Switch(
            "tf.config.optimizer.set_jit(…)",
            lambda: tf.config.optimizer.get_jit() or False,
            False,
            tf.config.optimizer.set_jit,
        ),
        Switch(
            "tf.data.experimental.enable_debug_mode()",
            lambda: debug_mode.DEBUG_MODE,
            False,
            lambda value: setattr(debug_mode, "DEBUG_MODE", value),
        ),
    ]


def _keras() -> list[Switch]:
    import keras

    return [  # the policy after floatx, of which its default is made
        Switch("keras.config.set_floatx(…)", keras.config.floatx, "float32", keras.config.set_floatx),
        Switch(
            "keras.config.set_dtype_policy(…)",
            lambda: keras.config.dtype_policy().name,
            "float32",
            keras.config.set_dtype_policy,
        ),
        Switch("keras.config.set_epsilon(…)", keras.config.epsilon, 1e-7, keras.config.set_epsilon),
        Switch(
            "keras.config.set_image_data_format(…)",
            keras.config.image_data_format,
            "channels_last",
            keras.config.set_image_data_format,
        ),
    ]
