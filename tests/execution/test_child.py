"""A child runs cells as a kernel would, answers calls with plain data, and survives or dies in ways that are told apart."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from cells import plain, text

from autograder.execution import Child, ChildError, Limits, Policy, Tagged, child_request

HERE = str(Path(__file__).parent)


@pytest.fixture
def probed(make_child):
    """A child that can import `probed`."""
    child = make_child(policy={"readable": HERE})
    child.run(f"import sys; sys.path.append({HERE!r})")
    return child


# -- cells


def test_a_cell_shows_what_a_notebook_would(child):
    result = child.run("print('one')\nimport sys\nprint('two', file=sys.stderr)\nx = 20\nx + 1")
    assert result.status == "ok" and result.execution_count == 1
    assert result.outputs == [
        {"output_type": "stream", "name": "stdout", "text": "one\n"},
        {"output_type": "stream", "name": "stderr", "text": "two\n"},
        {"output_type": "execute_result", "execution_count": 1, "data": {"text/plain": "21"}, "metadata": {}},
    ]
    assert child.run("x").execution_count == 2
    assert child.run("  \n").execution_count is None


def test_an_error_is_an_error_output(child):
    result = child.run("def f():\n    return 1/0\nf()")
    assert (result.status, result.ename, result.evalue) == ("error", "ZeroDivisionError", "division by zero")
    assert result.outputs[-1]["output_type"] == "error" and "1/0" in plain("".join(result.outputs[-1]["traceback"]))
    assert child.run("f = )").ename == "SyntaxError"
    assert child.run("1").status == "ok"


def test_a_function_that_calls_itself_without_end_is_told_soon(zygote, tmp_path):
    """With three thousand modules loaded, all of which IPython's traceback asks for each of a thousand frames, it took 15 s."""
    with zygote.fork(tmp_path) as child:
        before = child.usage().cpu_seconds
        result = child.run("def f():\n    return f()\nf()")
        assert result.ename == "RecursionError" and "similar frames" in "".join(result.outputs[-1]["traceback"])
        assert child.usage().cpu_seconds - before < 4


def test_figures_appear_as_png(zygote, tmp_path):
    with zygote.fork(tmp_path) as child:
        shown = child.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nNone")
        assert [o["output_type"] for o in shown.outputs] == ["display_data"]
        assert set(shown.outputs[0]["data"]) == {"text/plain", "image/png"}
        assert child.run("%matplotlib inline\nfig, ax = plt.subplots()").outputs[-1]["data"]["image/png"]
        assert child.run("plt.figure().canvas.draw(); plt.close('all')").outputs == []


def test_displays_are_updated_and_cleared_and_only_texts_and_images_pass(child):
    shown = child.run(
        "from IPython.display import *\n"
        "d = display(1, display_id=True); d.update(2)\n"
        "display(HTML('<script>1</script>')); display(Javascript('1')); display(SVG('<svg/>')); display(JSON({}))"
    )
    assert {mime for o in shown.outputs for mime in o["data"]} == {"text/plain", "text/html", "image/svg+xml"}
    assert shown.outputs[0]["data"] == {"text/plain": "2"}
    cleared = child.run("print(1); clear_output(wait=True); print(2); clear_output(wait=True)")
    assert text(cleared) == "2\n"


def test_what_c_code_and_programs_print_is_captured(child):
    result = child.run(
        "import os, ctypes, sys\nos.write(1, b'raw\\n'); ctypes.CDLL(None).puts(b'puts')\n!echo shell\n%pwd"
    )
    assert {"raw", "puts", "shell"} <= set(text(result).split())
    assert text(child.run("print('next')")) == "next\n"
    assert (
        text(child.run("import os\nif os.fork() == 0:\n    print('forked'); os._exit(0)\nos.wait()[1]")) == "forked\n"
    )
    assert child.run("out = !echo listed\nout[0]").outputs[-1]["data"]["text/plain"] == "'listed'"


def test_nobody_answers_input(child):
    result = child.run("name = input('who?')")
    assert result.status == "error" and "nobody is there" in result.evalue


def test_exit_ends_only_the_cell(child):
    for source in ("exit()", "import sys; sys.exit(3)", "quit"):
        child.run(source)
    assert child.run("1").status == "ok"


def test_await_works_at_top_level(child):
    assert child.run("import asyncio\nawait asyncio.sleep(0, 'done')").outputs[0]["data"]["text/plain"] == "'done'"
    # as in Jupyter, in cells without it, too: a task begun in one cell goes on in the next
    assert (
        child.run("ran = []\nasync def work():\n    ran.append(1)\ntask = asyncio.create_task(work())").status == "ok"
    )
    assert child.run("assert ran == [1] and asyncio.get_event_loop().is_running()").status == "ok"
    assert child.run("assert await task is None").status == "ok"
    assert child.run("%%capture shown\nprint(1)").status == "ok"
    assert child.run("assert shown.stdout == '1\\n'").status == "ok"


def test_quit_ends_nothing(child):
    assert child.run("def f():\n    quit()\n    return 7\nf()").outputs[-1]["data"]["text/plain"] == "7"
    assert child.run("f()").status == "ok"


def test_a_cell_may_ask_who_it_is(child):
    assert (
        child.run("import getpass, os\nassert getpass.getuser() and os.path.isdir(os.path.expanduser('~'))").status
        == "ok"
    )


def test_what_is_closed_takes_nothing_more(child):
    assert child.run("import sys\nsys.stdout.close()").status == "ok"
    assert child.run("print(1)").evalue == "I/O operation on closed file."
    assert child.run("1 + 1").outputs[0]["data"]["text/plain"] == "2"


def test_home_and_temporary_files_are_its_own(child):
    result = child.run(
        "import os, tempfile, pathlib\nopen('f', 'w').close(); tempfile.mkdtemp()\npathlib.Path.home() == pathlib.Path.cwd()"
    )
    assert result.status == "ok" and result.outputs[0]["data"]["text/plain"] == "True"


def test_children_draw_different_numbers(zygote, tmp_path):
    draws = []
    for name in "ab":
        (tmp_path / name).mkdir()
        with zygote.fork(tmp_path / name) as child:
            shown = child.run(
                "import random, numpy as np, tensorflow as tf\nrandom.random(), np.random.rand(), float(tf.random.normal(()))"
            )
            draws.append(eval(shown.outputs[-1]["data"]["text/plain"]))
    assert all(a != b for a, b in zip(*draws, strict=True))


@pytest.mark.parametrize(
    "policy", [Policy(), Policy(layers=("landlock", "seccomp", "privileges", "rlimits"))], ids=["every layer", "bare"]
)
def test_tensorflow_and_keras_work(zygote, tmp_path, policy):
    source = (
        "import numpy as np, tensorflow as tf, keras\n"
        "data = tf.data.Dataset.from_tensor_slices((np.ones((64, 3)), np.ones((64, 1)))).map(\n"
        "    lambda x, y: (x, y), num_parallel_calls=2).batch(8).prefetch(2)\n"
        "model = keras.Sequential([keras.layers.Dense(1)]); model.compile('adam', 'mse')\n"
        "history = model.fit(data, epochs=2, verbose=0, shuffle=False)\n"
        "tf.summary.create_file_writer('logs').as_default(step=0)\n"
        "with tf.summary.create_file_writer('logs').as_default(): tf.summary.scalar('loss', 1., 0)\n"
        "len(history.history['loss'])"
    )
    with zygote.fork(tmp_path, policy=policy) as child:
        result = child.run(source)
        assert result.status == "ok", result
        assert not text(result), "nothing about missing graphics devices"
        assert result.outputs[-1]["data"]["text/plain"] == "2"
        assert not text(result), "nothing about missing graphics devices"
        assert child.usage().private is None or child.usage().private < 200 << 20
        assert child.run("import os; os.listdir('logs')[0]").outputs[-1]["data"]["text/plain"].startswith("'events.out")


NUMBERS = """
import hashlib, keras, numpy as np, tensorflow as tf
keras.utils.set_random_seed(3)
found = [tf.random.normal([3]), tf.random.normal([3]), tf.random.uniform([3], seed=3), tf.random.shuffle(tf.range(9))]
x = np.random.rand(64, 4).astype("float32")
with tf.GradientTape() as tape:
    w = tf.Variable(tf.random.truncated_normal([4, 4]))
    z = tf.linalg.inv(w) @ w + tf.nn.softmax(x[:4] @ w)
found.append(tape.gradient(z, w))
model = keras.Sequential([keras.layers.Dense(8, "relu"), keras.layers.Dropout(.5), keras.layers.Dense(1)])
model.compile("adam", "mse", run_eagerly=True)
found.append(model.fit(x, x.sum(1), epochs=2, verbose=0).history["loss"])
found += list(tf.data.Dataset.from_tensor_slices(x).shuffle(64, seed=1).batch(40))
print(hashlib.sha256(b"".join(np.asarray(f).tobytes() for f in found)).hexdigest())
"""


def test_ops_give_the_same_bits_as_in_an_ordinary_process(zygote, tmp_path):
    """They take a shorter way (`rehearsal.direct_ops`)."""
    ordinary = subprocess.run([sys.executable, "-c", NUMBERS], env=zygote.env, capture_output=True, text=True)
    with zygote.fork(tmp_path) as child:
        result = child.run(NUMBERS)
        assert result.status == "ok" and text(result) == ordinary.stdout, ordinary.stderr
        message = child.run("tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]))").evalue
    assert message.startswith("Matrix size-incompatible"), "the shorter way was not taken"


def test_no_open_font_is_shared_between_children(zygote, tmp_path):
    """Two processes that read a file from one position would garble each other's fonts."""
    with zygote.fork(tmp_path) as child:
        shown = child.run(
            "import os\nfor fd in os.listdir('/proc/self/fd'):\n    try: print(os.readlink(f'/proc/self/fd/{fd}'))\n    except OSError: pass"
        )
        assert not [line for line in text(shown).splitlines() if line.endswith((".ttf", ".afm", ".py", ".h5"))]


# -- calls


def test_a_call_brings_plain_data(probed):
    probed.run("import numpy as np\nw = np.arange(3.)\ndef add(a, b): return {'sum': a + b, 'shape': a.shape}")
    back = probed.call("probed:double", "w")
    assert isinstance(back, Tagged) and back.tag == "tensor" and np.array_equal(back.value, [0, 2, 4])
    back = probed.call("probed:apply", "add", np.ones((2, 2), np.float32), 1)
    assert back["shape"] == (2, 2) and back["sum"].dtype == np.float32
    assert probed.call("probed:say") is None
    assert text(probed.run("1")) == ""


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        ("fail", "error", "no such luck"),
        ("send_object", "wire", "object"),
        ("nothing", "error", "nothing"),
        ("leave", "died", "exit code 7"),
    ],
)
def test_a_call_that_fails_says_how(probed, function, kind, words):
    with pytest.raises(ChildError, match=words) as caught:
        probed.call(f"probed:{function}")
    assert caught.value.kind == kind
    if function == "fail":
        assert caught.value.ename == "ValueError" and any(
            "no such luck" in line for line in caught.value.traceback_lines
        )


def test_arguments_that_cannot_travel_cost_nothing(probed):
    with pytest.raises(ChildError) as caught:
        probed.call("probed:fail", object())
    assert caught.value.kind == "wire" and probed.run("1").status == "ok"


def test_a_call_that_hangs_is_interrupted_and_the_child_goes_on(probed):
    started = time.monotonic()
    with pytest.raises(ChildError) as caught:
        probed.call("probed:sleep", 60, timeout=0.3)
    assert caught.value.kind == "timeout" and time.monotonic() - started < 2
    assert probed.run("1").status == "ok"


# -- endings


def test_an_endless_loop_is_interrupted_and_the_child_goes_on(child):
    result = child.run("print('before')\nwhile True: pass", timeout=0.3)
    assert result.status == "timeout" and result.ename == "CellTimeout" and text(result) == "before\n"
    assert [o["output_type"] for o in result.outputs] == ["stream", "error"]
    assert "autograder" not in plain("".join(result.outputs[-1]["traceback"])), (
        "nothing of ours in a student's traceback"
    )
    assert child.run("1 + 1").status == "ok"


@pytest.mark.parametrize(
    "loop",
    [
        "import time\nwhile True:\n    try:\n        while True: time.sleep(1)\n    except BaseException: pass",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\nwhile True: pass",
    ],
    ids=["swallows", "ignores", "blocks"],
)
def test_a_loop_that_ignores_the_interrupt_is_killed(make_child, loop):
    child = make_child(limits={"grace_seconds": 0.3})
    started = time.monotonic()
    result = child.run(f"print('before')\n{loop}", timeout=0.3)
    assert result.status == "timeout" and "killed" in result.evalue and time.monotonic() - started < 3
    assert text(result) == "before\n" or text(result) == ""
    started = time.monotonic()
    for ask in (lambda: child.run("1"), lambda: child.call("math:floor")):
        with pytest.raises(ChildError, match="ran longer than 0.3 s") as caught:
            ask()
        assert caught.value.kind == "died"
    assert time.monotonic() - started < 0.1


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import os; print('said', flush=True); os._exit(3)", "exit code 3"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("import os; os.abort()", "crashed"),
        ("import os; os.closerange(3, 200)", "connection|crashed|exit code"),
    ],
)
def test_a_process_that_ends_is_reported_at_once(child, source, words):
    started = time.monotonic()
    result = child.run(source)
    assert result.status == "died" and result.ename == "ChildDied"
    assert __import__("re").search(words, result.evalue), result.evalue
    assert result.outputs[-1]["output_type"] == "error" and time.monotonic() - started < 3
    with pytest.raises(ChildError):
        child.run("1")


def test_the_last_words_are_kept(child):
    result = child.run("import os; print('said', end='', flush=True); os.write(2, b'raw'); os._exit(3)")
    assert text(result) == "saidraw"


def test_a_killed_child_fails_the_request_under_way(child):
    threading.Timer(0.2, child.kill, ["the course is over"]).start()
    result = child.run("import time; time.sleep(60)")
    assert result.status == "died" and "the course is over" in result.evalue


def test_a_child_may_be_closed_while_it_works(child):
    timer = threading.Timer(0.2, child.close)
    timer.start()
    result = child.run("import time; time.sleep(60)")
    timer.join()
    assert result.status == "died" and "closed" in result.evalue
    with pytest.raises(ChildError, match="closed"):
        child.run("1")


def test_an_exception_that_cannot_be_printed(child):
    result = child.run("class E(Exception):\n    def __str__(self): raise ValueError\nraise E")
    assert result.status == "error" and child.run("1").status == "ok"


# -- output


def test_a_large_print_is_cut_and_the_cell_goes_on(make_child):
    child = make_child(limits={"output_bytes": 10_000})
    result = child.run("for i in range(300): print('x' * 1_000_000)\ny = 1", timeout=20)
    assert result.status == "output-limit" and 10_000 <= len(text(result)) < 10_200
    assert child.run("y").outputs[-1]["data"]["text/plain"] == "1"
    result = child.run("import os\nwhile os.write(1, b'x' * 1_000_000): pass", timeout=20)
    assert result.ename == "OSError" and len(text(result)) < 10_200, (
        "the size of a file is bounded, by which C code prints"
    )
    assert child.run("print('ok')").status == "ok"


def test_small_pieces_count_for_what_they_cost(make_child):
    """Cut, not killed: each takes some bytes on the way, however little is in it."""
    child = make_child(limits={"output_bytes": 100_000})
    for source in ("print('.', end='', flush=True)", "display(1)", "print(1); clear_output()"):
        result = child.run(f"from IPython.display import *\nfor _ in range(60_000): {source}", timeout=60)
        assert result.status == "output-limit", (source, result.evalue)
    assert child.run("print('ok')").status == "ok"


def test_half_a_surrogate_pair_does_no_harm(child):
    for source in (
        r"print('\ud800', flush=True)",
        r"raise ValueError('\ud800')",
        r"display({'text/plain': '\ud800'}, raw=True, display_id='\ud800')",
        r"display({'image/png': '\ud800', 'text/plain': ''}, raw=True)",
        "import os\nif os.fork() == 0:\n    print('\\ud800'); os._exit(0)\nos.wait()",
        "x = '\ud800'",
    ):
        result = child.run(source)
        json.dumps(result.outputs, ensure_ascii=False).encode()
        f"{result.ename} {result.evalue}".encode()
        assert result.status == ("error" if source.startswith("raise") else "ok"), (source, result)


def test_a_twin_of_the_child_ends_with_its_cell(child):
    """A process that student code forked, and that comes back to where the next request would be read."""
    for end in ("raise ValueError", "pass"):
        result = child.run(f"import os\npid = os.fork()\nif pid == 0: {end}\nelse: print(os.waitpid(pid, 0)[1])", 3)
        assert result.status == "ok" and text(result) == "256\n"
    assert text(child.run("print('ok')")) == "ok\n"


def test_endless_printing_is_cut_and_interrupted(make_child):
    child = make_child(limits={"output_bytes": 10_000})
    result = child.run("while True: print('x')", timeout=0.5)
    assert result.status == "timeout" and len(text(result)) < 10_200
    assert text(child.run("print('ok')")) == "ok\n"


def test_a_large_image_or_traceback_is_dropped(make_child):
    child = make_child(limits={"output_bytes": 10_000})
    assert (
        child.run("from IPython.display import *\nImage(b'\\x89PNG\\r\\n\\x1a\\n' + bytes(10**6))").status
        == "output-limit"
    )
    result = child.run("raise ValueError('x' * 10**7)")
    assert (
        result.status == "error"
        and sum(len(line) for o in result.outputs for line in o.get("traceback", ())) <= 200_000
    )


def test_an_image_must_be_one(child):
    result = child.run("from IPython.display import *\ndisplay({'image/png': '<script>', 'text/plain': 'p'}, raw=True)")
    assert result.outputs[0]["data"] == {"text/plain": "p"}


def test_what_a_thread_prints_between_cells_is_dropped(child):
    child.run(
        "import threading, time\n"
        "def chatter():\n    for _ in range(40): print('x', flush=True); time.sleep(.01)\n"
        "thread = threading.Thread(target=chatter); thread.start()"
    )
    time.sleep(0.1)
    assert child.run("thread.join(); 'done'").outputs[-1]["data"]["text/plain"] == "'done'"
    assert child.run("print('ok')").outputs[0]["text"] == "ok\n"


# -- forged answers

FORGE = (
    "import gc, os, struct, socket\n"
    "channel = get_ipython().channel\n"
    "def forge(kind, nonce=None, body=b'', length=None):\n"
    "    length = len(body) if length is None else length\n"
    "    channel.sock.sendall(struct.pack('<BQI', kind, channel.nonce if nonce is None else nonce, length) + body)\n"
)


@pytest.mark.parametrize(
    "attack",
    [
        "forge(99)",
        "forge(17, length=2**32 - 1)",
        "forge(17, body=b'{{{{')",
        "forge(17, nonce=1, body=b'')",
        "channel.send(17, ['no', 'dict'])",
        "channel.send(17, {'name': 1, 'text': 2})",
        "channel.send(18, {'data': {'text/plain': {}}, 'metadata': {}, 'id': ''})",
        "channel.send(24, {'value': 10})",
        "channel.send(23, {'ok': 'yes'})",
        "channel.send(25, None)",
        "channel.send(16, {'report': []})",
        "for i in range(10000): channel.send(17, {'name': 'stdout', 'text': 'x' * 10000})",
        "channel.sock.sendall(bytes(1000)); os._exit(0)",
        "channel.sock.sendall(b'\\x11'); channel.sock.shutdown(socket.SHUT_WR)",
    ],
)
def test_forged_frames_end_the_child_and_nothing_else(make_child, attack):
    child = make_child(limits={"output_bytes": 10_000})
    result = child.run(FORGE + attack, timeout=10)
    assert result.status in ("died", "error"), result
    assert sum(len(o.get("text", "")) for o in result.outputs) < 11_000
    with pytest.raises(ChildError):
        child.run("1")
        child.run("1")


def test_a_forged_verdict_is_only_a_value(probed):
    """What a child says is never believed; that it can say it at all is no news to the judge."""
    probed.run("class Ten(float):\n    def __repr__(self): return '10'\ndef f(): return Ten(1.5)")
    assert type(probed.call("probed:apply", "f")) is float and probed.call("probed:apply", "f") == 1.5


def test_frames_in_small_pieces_are_put_together_fast(make_child):
    from autograder.execution.collector import Collector
    from autograder.execution.frames import Frame, Kind
    from autograder.execution.wire import encode

    collector = Collector(8 << 20, 1)
    piece = Frame(Kind.STREAM, 0, encode({"name": "stdout", "text": "x"}))
    collector.stream("stdout", "x" * (4 << 20))
    started = time.thread_time()
    for _ in range(20_000):
        collector.add(piece)
    collector.join()
    assert len(collector.outputs[0]["text"]) == (4 << 20) + 20_000
    assert time.thread_time() - started < 2, "it were ten, if each copied what came before"


def test_who_talks_without_end_is_ended_in_time(make_child):
    child = make_child(limits={"grace_seconds": 0.5})
    drip = (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nforge(17, length=60 << 20)\nos.fork()\nos.fork()\n"
        "while True: os.write(channel.sock.fileno(), b'x')"
    )
    started = time.monotonic()
    result = child.run(FORGE + drip, timeout=0.5)
    assert result.status == "timeout" and time.monotonic() - started < 8


def test_a_child_that_does_not_come_up_says_why(bare_zygote, tmp_path):
    (tmp_path / "gone").mkdir()
    policy = Policy(layers=())
    with pytest.raises(ChildError, match="(?s)before it was ready: .*FileNotFoundError") as caught:
        Child(
            bare_zygote.connect(), {**child_request(tmp_path / "gone", Limits(), policy), "workdir": "/gone"}, Limits()
        )
    assert caught.value.kind == "died"


# -- many at once


def test_children_run_side_by_side(bare_zygote, tmp_path):
    count = 6
    results = {}

    def one(i):
        folder = tmp_path / str(i)
        folder.mkdir()
        with bare_zygote.fork(folder) as child:
            child.run(f"import time; time.sleep(.5); x = {i}")
            results[i] = child.run("x").outputs[0]["data"]["text/plain"]

    started = time.monotonic()
    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {i: str(i) for i in range(count)}
    assert time.monotonic() - started < count * 0.5 + 1


def test_one_child_from_many_threads(child):
    got = []
    threads = [
        threading.Thread(target=lambda i=i: got.append(child.run(f"{i}").outputs[0]["data"]["text/plain"]))
        for i in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=int) == [str(i) for i in range(20)]


def test_usage_tells_what_was_used(child):
    child.run("s = sum(i*i for i in range(10**6)); b = bytearray(50 << 20)")
    used = child.usage()
    if used.private is None:
        pytest.skip("this system does not tell the memory of a process")
    assert used.cpu_seconds > 0 and used.private > 50 << 20 and used.max_rss > used.private
    child.close()
    assert child.usage().cpu_seconds > 0 and child.usage().private is None


# -- the zygote


def test_a_zygote_leaves_nothing_running(bare_zygote, tmp_path):
    from autograder.execution import Zygote

    with Zygote(preload=()) as zygote:
        child = zygote.fork(tmp_path)
        pids = [zygote.pid, child.pid]
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
    with pytest.raises(ChildError):
        child.run("1")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_owner_dies_everything_ends(tmp_path, number):
    import subprocess
    import sys

    source = (
        "import sys, time; from autograder.execution import Zygote\n"
        f"zygote = Zygote(preload=()); child = zygote.fork({str(tmp_path)!r})\n"
        'child.run(\'import subprocess; p = subprocess.Popen(["sleep", "60"], start_new_session=True)\')\n'
        "print(zygote.pid, child.pid, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in owner.stdout.readline().split()]
    owner.send_signal(number)
    owner.wait()
    assert len(pids) == 2 and _gone(pids)


def test_when_the_zygote_dies_its_children_end(tmp_path):
    from autograder.execution import Zygote

    with Zygote(preload=()) as zygote:
        child = zygote.fork(tmp_path)
        os.kill(zygote.pid, signal.SIGKILL)
        assert _gone([child.pid])
        assert child.run("1").status == "died" if child.alive else True
        with pytest.raises(ChildError):
            child.run("1")


def test_control_groups_are_removed_even_if_the_zygote_was_killed(tmp_path):
    from autograder.execution import Zygote
    from autograder.execution.sandbox import cgroups

    def left():
        return [f for _, ps in cgroups.homes().values() for p in ps for f in p.glob(f"{cgroups.NAME}-{zygote._name}-*")]

    with Zygote(preload=()) as zygote:
        child = zygote.fork(tmp_path)
        if not child.report.has("cgroup pids"):
            pytest.skip(f"no control groups here: {child.report}")
        assert left()
        os.kill(zygote.pid, signal.SIGKILL)
        assert _gone([child.pid])
    assert not left()


def _gone(pids, seconds=5.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(os.path.exists(f"/proc/{pid}") for pid in pids):
            return True
        time.sleep(0.02)
    return False


def test_a_zygote_that_cannot_start_says_why():
    from autograder.execution import Zygote
    from autograder.execution.zygote import ZygoteError

    with Zygote(preload=(), python="/bin/false") as zygote, pytest.raises(ZygoteError, match="ended while it started"):
        zygote.wait_ready()


def test_threads_in_the_zygote_make_it_cold(tmp_path):
    """A module that starts a thread when it is imported: the children then import by themselves."""
    from autograder.execution import Zygote

    (tmp_path / "starts_a_thread.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    (tmp_path / "work").mkdir()
    with Zygote(preload=["starts_a_thread"], env={**os.environ, "PYTHONPATH": str(tmp_path)}) as zygote:
        zygote.wait_ready()
        assert zygote.warm is False
        with zygote.fork(tmp_path / "work") as child:
            assert child.run("1").status == "ok"


def test_the_environment_holds_no_secret(monkeypatch, tmp_path):
    from autograder.execution import Zygote

    monkeypatch.setenv("COURSE_SECRET", "s3cret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("TF_VAR_password", "s3cret")  # Terraform's, not TensorFlow's
    monkeypatch.setenv("TF_ENABLE_SECRET", "s3cret")
    monkeypatch.setenv("KERAS_HUB_TOKEN", "s3cret")
    monkeypatch.setenv("LC_GIT_PASSWORD", "s3cret")  # a way through ssh
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", "passed on")
    with Zygote(preload=()) as zygote, zygote.fork(tmp_path, Limits(), Policy(), env={"ADDED": "1"}) as child:
        shown = child.run("import os; print(dict(os.environ), open('/proc/self/environ').read())")
    assert "s3cret" not in text(shown) and "passed on" in text(shown) and "ADDED" in text(shown)
