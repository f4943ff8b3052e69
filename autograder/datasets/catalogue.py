"""The two sets: their names, classes, downloads and digests, and who draws what takes their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import standin
from .files import IDX_FILES, Arrays

DIGIT_CLASSES = tuple("0123456789")
FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


@dataclass(frozen=True)
class Dataset:
    name: str
    title: str
    stem: str  # of its files: <stem>.npz, <stem>/*.gz
    classes: tuple[str, ...]
    downloads: tuple[str, ...]
    digests: dict[str, str]  # sha256 of each array's bytes
    draw: Callable[[], Arrays]


DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="mnist",
            title="MNIST",
            stem="mnist",
            classes=DIGIT_CLASSES,
            downloads=("mnist.npz",),
            digests={
                "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
                "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
                "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
                "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
            },
            draw=standin.draw_mnist,
        ),
        Dataset(
            name="fashion_mnist",
            title="Fashion-MNIST",
            stem="fashion-mnist",
            classes=FASHION_CLASSES,
            downloads=tuple(IDX_FILES.values()),
            digests={
                "x_train": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
                "y_train": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
                "x_test": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
                "y_test": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
            },
            draw=standin.draw_fashion_mnist,
        ),
    )
}
