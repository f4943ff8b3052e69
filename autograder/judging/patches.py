"""What a notebook has put in the place of the libraries' own functions and types: `tf.reduce_mean = tf.reduce_sum`, `np.float32 = float`.

Such a line changes them for everybody in the process: at home also for our references, draws and comparisons. So they are kept as
they come (`keep`); while we work they are back in their places and the notebook's own set aside (`undone`); an answer is called with
the notebook's (`as_made`), as it is when it is graded. Python's own functions (`sum = …` in a notebook hides one there, and
changes nothing; `builtins.sum = …` does) are among them, attributes of classes are not.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

V2 = "tensorflow._api.v2"
MODULES = (
    *"builtins math random time numpy numpy.random numpy.linalg tensorflow".split(),
    *(f"{V2}.{name}" for name in "nn math random linalg losses image io data train summary autodiff config".split()),
    f"{V2}.compat.v1",
    *(f"{V2}.compat.v1.{name}" for name in "nn math random train losses layers initializers summary".split()),
    *(
        f"{keras}{name}"
        for keras in ("keras", "keras._tf_keras.keras")
        for name in (
            "",
            *".activations .callbacks .initializers .layers .losses .metrics .models .ops .optimizers .random .regularizers .utils".split(),
        )
    ),
)
SHELLS = {"input", "exit", "quit", "display", "get_ipython", "copyright", "credits", "license", "help"}
"""What IPython puts among Python's own."""

Patches = dict[tuple[str, str], Any]
"""(module, name) → what a notebook has put there; `GONE` if it has taken it away."""
GONE = object()

_originals: dict[str, dict[str, Any]] = {}
_aside: Patches = {}


def keep() -> None:
    """Remember how the modules that are loaded look. To be called before a notebook's first cell; what is kept stays."""
    for name in MODULES:
        module = sys.modules.get(name)
        if name not in _originals and isinstance(module, ModuleType):
            _originals[name] = {
                key: value
                for key, value in vars(module).items()
                if callable(value)
                and not key.startswith("_")
                and not isinstance(value, ModuleType)
                and key not in SHELLS
            }


def forget() -> None:
    """Nothing is put in anything's place here: for a process in which no notebook runs."""
    _originals.clear()


def found() -> Patches:
    """All that is, or is set aside, in the place of something of the libraries'."""
    return _aside | _in_place()


def told(patches: Patches) -> list[str]:
    """As a student has typed it, more or less."""
    return sorted(f"{_alias(module)}.{name} = …" for module, name in patches)


@contextlib.contextmanager
def undone() -> Iterator[Patches]:
    """Meanwhile the libraries are as they come, and what was in their place is set aside for `as_made`: all that is yielded."""
    theirs = _in_place()
    _put_back(theirs)
    _aside.update(theirs)
    try:
        yield _aside
    finally:
        for key in theirs:
            if key in _aside:
                _put(key, _aside.pop(key))


@contextlib.contextmanager
def meanwhile(patches: Patches) -> Iterator[None]:
    """The libraries as they come, and these set aside instead of what the notebook has put in their place."""
    global _aside
    with undone() as saved:
        _aside = dict(patches)
        try:
            yield
        finally:
            _aside = saved


def as_made(answer: Callable) -> Callable:
    """The answer, called with what is set aside in its place; the answer itself if that is nothing."""
    if not _aside:
        return answer

    @functools.wraps(answer, updated=())
    def called(*arguments: Any, **named: Any) -> Any:
        patches = dict(_aside)
        for key, value in patches.items():
            _put(key, value)
        try:
            return answer(*arguments, **named)
        finally:
            _put_back(_in_place())

    return called


def _in_place() -> Patches:
    patches: Patches = {}
    for module, originals in _originals.items():
        now = vars(sys.modules[module]) if isinstance(sys.modules.get(module), ModuleType) else originals
        if not _holds(now, originals):
            patches |= {
                (module, key): now.get(key, GONE) for key, value in originals.items() if now.get(key, GONE) is not value
            }
    return patches


def _holds(now: dict[str, Any], originals: dict[str, Any]) -> bool:
    """Is everything there? Quick, for this is asked often; it compares what is the same thing by that alone."""
    try:
        return now.items() >= originals.items()
    except Exception:  # noqa: BLE001  what a notebook has put there may refuse to be compared
        return False


def _put(key: tuple[str, str], value: Any) -> None:
    module, name = key
    if value is not GONE:
        setattr(sys.modules[module], name, value)
    elif hasattr(sys.modules[module], name):
        delattr(sys.modules[module], name)


def _put_back(patches: Patches) -> None:
    for module, name in patches:
        setattr(sys.modules[module], name, _originals[module][name])


def _alias(module: str) -> str:
    name = module.replace("tensorflow._api.v2", "tf").replace("keras._tf_keras.", "tf.")
    head, dot, rest = name.partition(".")
    return {"tensorflow": "tf", "numpy": "np"}.get(head, head) + dot + rest
