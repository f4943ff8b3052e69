"""What a zygote does once so that its children need not: everything that neither runs an op nor starts a thread.

Measured on 2 cores, CPU milliseconds a child (medians, TensorFlow 2.21, beside other work, so only the ratios are exact):

==========================================================  ======  =====
                                                            before  after
==========================================================  ======  =====
first op (`registries`, `freeze`)                           35      16
first product of matrices (`QUICK_START`)                   35      5
rewriting for oneDNN, a dozen first ops (`QUICK_START`)     50      0
first traceback (`rehearse`, preloaded modules)             240     60
first figure (`rehearse`, preloaded modules)                150     90
all calls that chapter 01's checks make (`direct_ops`)      106     45
==========================================================  ======  =====

Left over: 10 ms until TensorFlow's runtime is up (devices, thread pools), 7 ms to copy the zygote's page tables and 7 to give
them back, some 6,000 copied pages, and tracing, which costs the second ``tf.function`` as much as the first. Fewer threads in
its pools, huge pages for the heap (2 ms less), and mapping TensorFlow's code at once made no difference worth a setting.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
from typing import Any

from .sandbox.syscalls import LINUX

# Graded cells compute little and once. oneDNN compiles a kernel for every first use and rewrites every graph, which pays off
# in training, not here; its results differ in the last digits only, as they do from one processor to the next.
QUICK_START = {"TF_ENABLE_ONEDNN_OPTS": "0", "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "0"}

CELLS = (
    "1 + 1",
    "1 / 0",
    "import json; json.loads('{')",  # a traceback through a library
)
# No formula in it: matplotlib closes the fonts of its texts at a fork, but keeps those of formulas, whose open files the
# children would then read from one common position.
FIGURE = "import matplotlib.pyplot as plt\nplt.plot([1, 2], label='a')\nplt.title('a')\nplt.legend()"


def registries() -> None:
    """Build TensorFlow's tables of kernels and ops, which its first op would build."""
    if "tensorflow" not in sys.modules:
        return
    with contextlib.suppress(ImportError, AttributeError):  # private names: another version may lack them
        from tensorflow.python.framework import kernels, op_def_registry

        kernels.get_registered_kernels_for_op("MatMul")
        op_def_registry.get("there is no such op")  # the first miss lists all ops


def direct_ops() -> None:
    """Have eager ops call their kernels, as graphs do.

    By default TensorFlow wraps each op, whenever it meets new attributes or a new variable, in a function of its own, which it
    optimizes, partitions and instantiates. For a process that runs every op a few times that is half of its time. Results
    are the same to the bit; an error's message lacks the name of that function.
    """
    if "tensorflow" not in sys.modules:
        return
    with contextlib.suppress(ImportError, AttributeError):  # private names: another version may lack them
        from tensorflow.python import pywrap_tfe

        choose = pywrap_tfe.TFE_ContextOptionsSetRunEagerOpAsFunction
        pywrap_tfe.TFE_ContextOptionsSetRunEagerOpAsFunction = lambda options, _: choose(options, False)


def rehearse(shell: Any) -> None:
    """Run a few cells in the children's shell, show nothing of them, and forget them."""
    gc.freeze()  # what the imports made stays: the collections that the shell asks for need not look through it
    channel = shell.channel
    channel.pid, channel.muted = os.getpid(), True
    cells = CELLS + ((FIGURE,) if "matplotlib.pyplot" in sys.modules else ())
    for source in cells:
        shell.run_cell(source, store_history=True)
    shell.reset(new_session=True)
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        if hasattr(sys, name):
            delattr(sys, name)


def freeze() -> None:
    """Keep what children share untouched: the collector off, and the heap's free pieces given back.

    Touching an object copies its page; a child that allocates from pieces scattered over old pages copies them all.
    """
    gc.collect()
    gc.disable()
    gc.freeze()
    if LINUX:
        with contextlib.suppress(AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
