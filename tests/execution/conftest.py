import pytest

from autograder.execution import Limits, Policy, Zygote


@pytest.fixture(scope="session")
def zygote():
    """One private zygote with TensorFlow for all tests of this folder."""
    with Zygote() as zygote:
        zygote.wait_ready()
        yield zygote


@pytest.fixture(scope="session")
def bare_zygote():
    """One without TensorFlow, whose children are small."""
    with Zygote(preload=()) as zygote:
        yield zygote


@pytest.fixture
def make_child(bare_zygote, tmp_path):
    """Makes sandboxed children without TensorFlow: ``make_child(limits={…}, policy={…})``."""
    children = []

    def make(limits=None, policy=None, workdir=None):
        folder = workdir or tmp_path / f"work{len(children)}"
        folder.mkdir(exist_ok=True)
        child = bare_zygote.fork(folder, Limits(**limits or {}), Policy(**policy or {}))
        children.append(child)
        return child

    yield make
    for child in children:
        child.close()


@pytest.fixture
def child(make_child):
    return make_child()
