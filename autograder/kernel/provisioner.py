"""The warm Jupyter kernel: a kernel provisioner that forks from a process which has imported TensorFlow already.

JupyterLab, nbconvert, nbval and stock ``nbgrader autograde`` use it through the kernelspec ``tf-warm``; where no zygote can
be had an ordinary kernel is started instead, and the log says why. Kernel start to first TensorFlow result: 0.4 s for 2.6.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Bool, Float, List, Unicode

try:
    from ..execution.zygote import ZygoteError
    from . import process, shared
except ImportError as error:  # a system without fork and unix sockets, such as Windows
    process = shared = None
    _unavailable: str | None = str(error)

    class ZygoteError(RuntimeError):
        """No zygote could be had."""
else:
    _unavailable = None

NAME, DISPLAY_NAME = "tf-warm", "TensorFlow (warm)"
ENTRY_POINT = "tf-warm"

# The large ones, and what a kernel and the first cells of a notebook would otherwise import one by one in every fork.
# Nothing that registers itself with the running shell (`shared.UNFIT`).
PRELOAD = """
    ipykernel.kernelapp ipykernel.debugger IPython.core.debugger IPython.core.completerlib IPython.core.oinspect
    IPython.core.logger IPython.core.pylabtools IPython.extensions.storemagic IPython.utils.wildcard sqlite3 runpy secrets
    pydoc tornado.platform.asyncio tornado.queues zmq.utils.garbage numpy numpy.random matplotlib.pyplot
    matplotlib.backends.backend_agg PIL.PngImagePlugin PIL.JpegImagePlugin tensorflow keras
    tensorflow.python.data.ops.concatenate_op tensorflow.python.data.ops.flat_map_op
    tensorflow.python.data.ops.from_tensors_op tensorflow.python.data.ops.range_op tensorflow.python.data.ops.zip_op
""".split()


class WarmProvisioner(LocalProvisioner):
    """A local kernel whose process is forked by the shared zygote."""

    preload = List(Unicode(), PRELOAD, config=True, help="modules that the zygote imports")
    idle = Float(900, config=True, help="seconds without a kernel after which the zygote ends itself")
    fallback = Bool(True, config=True, help="start an ordinary kernel where no zygote can be had")

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel, or start an ordinary one. ``warm`` tells which."""
        self.warm = False
        try:
            self.process = await self._fork(cmd, kwargs)
        except (ZygoteError, OSError) as error:
            if not self.fallback:
                raise
            self.log.warning("no warm kernel, starting an ordinary one: %s", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.warm = True
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd")
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        """Through the zygote, which knows whether the process is still there: its number may be somebody else's by now."""
        if self.process is None or not getattr(self, "warm", False):
            return await super().send_signal(signum)
        self.process.send_signal(signum)

    async def _fork(self, cmd: list[str], kwargs: dict[str, Any]) -> Any:
        if _unavailable is not None:
            raise ZygoteError(_unavailable)
        if process.arguments_of(cmd) is None:
            raise ZygoteError(f"the command is not that of an ipykernel: {' '.join(cmd[:3])}")
        env = dict(os.environ if kwargs.get("env") is None else kwargs["env"])
        cwd = os.path.abspath(kwargs.get("cwd") or ".")  # nbconvert passes a relative one
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            fds = (null, _descriptor(kwargs.get("stdout"), 1), _descriptor(kwargs.get("stderr"), 2))
            return await asyncio.to_thread(shared.fork_kernel, cmd, cwd, env, fds, preload=self.preload, idle=self.idle)
        finally:
            os.close(null)


def _descriptor(stream: Any, default: int) -> int:
    if stream is None:
        return default
    return stream if isinstance(stream, int) else stream.fileno()


def kernel_spec() -> dict:
    """The content of kernel.json: ipykernel's own, with another provisioner."""
    from ipykernel.kernelspec import get_kernel_dict

    # history in memory: a student's code, or a grader's, is no part of anybody's own
    spec = get_kernel_dict(extra_arguments=["--HistoryManager.hist_file=:memory:"])
    spec["display_name"] = DISPLAY_NAME
    # at 2, the first op reports on stderr that there is no graphics device, for which nbgrader takes a cell's points
    spec["env"] = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    spec["metadata"] = {
        **spec.get("metadata", {}),
        "kernel_provisioner": {"provisioner_name": ENTRY_POINT, "config": {}},
    }
    return spec


def install_kernel(prefix: Path | None = None, user: bool = False) -> Path:
    """Write the kernelspec below ``prefix`` (default: this environment), or for this user; returns its folder."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "kernel.json").write_text(json.dumps(kernel_spec(), indent=1) + "\n")
        place = None if user else str(prefix or sys.prefix)
        return Path(KernelSpecManager().install_kernel_spec(folder, NAME, user=user, prefix=place))


def remove_kernel(prefix: Path | None = None, user: bool = False) -> bool:
    """Remove the kernelspec from where `install_kernel` with the same arguments writes it; False if it was not there."""
    place = (
        Path(KernelSpecManager().user_kernel_dir if user else Path(prefix or sys.prefix, "share/jupyter/kernels"))
        / NAME
    )
    if not (place / "kernel.json").is_file():
        return False
    shutil.rmtree(place)
    return True
