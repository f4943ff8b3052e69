"""The pictures of chapter 01, forward pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import FancyBboxPatch, Rectangle

from . import BLUE, GREEN, GREY, HEIGHT, ORANGE, PURPLE, RED, images, panels, shown

INK = "#1F2937"
PAPER = "#F3F4F6"
COLOURS = (RED, ORANGE, BLUE, GREEN)


def printed_log(log: np.ndarray, mark: int | None = None) -> Any:
    """The losses that a training run printed, [epochs, prints per epoch]; mark: the print of each epoch to point at."""
    figure, ax = panels(height=2.8)
    epochs, prints = log.shape
    when = np.arange(log.size).reshape(log.shape) / prints
    ax.plot(when.ravel(), log.ravel(), color=BLUE, marker="o", ms=3.5, lw=1.5)
    ax.set(xlabel="epoch", ylabel="loss of one batch", ylim=(0, None), xticks=range(epochs + 1))
    ax.set_title("Ten epochs, and the loss falls and falls")
    if mark is not None:
        ax.plot(when[:, mark], log[:, mark], "o", color=RED, ms=8, label=f"the print of step {100 * mark}")
        ax.legend()
        ax.set_title(f"The same dip in every epoch, at step {100 * mark}")
    marked = (
        ""
        if mark is None
        else f" A red-orange dot marks the print of step {100 * mark} of each epoch, a dip each time."
    )
    return shown(
        figure,
        f"The {log.size} printed losses over {epochs} epochs: from {log[0, 0]:.2f} they fall steeply at first and then ever "
        f"more slowly to {log[-1, -1]:.2f}.{marked}",
    )


def pixels(image: np.ndarray, label: int, corner: tuple[int, int] = (8, 8), size: int = 9) -> Any:
    """One image [28, 28] uint8, and a part of it with its numbers."""
    figure, (whole, part) = panels(2, height=3.6)
    row, column = corner
    for ax, seen in ((whole, image), (part, image[row : row + size, column : column + size])):
        ax.imshow(seen, cmap="gray_r", vmin=0, vmax=255)
        ax.grid(False)
        ax.set(xlabel="column", ylabel="row")
    whole.add_patch(Rectangle((column - 0.5, row - 0.5), size, size, fill=False, ec=RED, lw=2))
    whole.set_title(f"What we see as a {label} …")
    part.set_xticks(range(size), range(column, column + size))
    part.set_yticks(range(size), range(row, row + size))
    for (i, j), value in np.ndenumerate(image[row : row + size, column : column + size]):
        part.text(j, i, value, ha="center", va="center", fontsize=8, color="white" if value > 110 else INK)
    part.set_title("… is whole numbers from 0 to 255")
    return shown(
        figure,
        f"Left a handwritten {label}, 28 by 28 pixels, with a frame around {size} by {size} of them. Right the framed part, "
        "with the number that the file holds in each pixel: 0 for paper, up to 255 for ink.",
    )


def journey(sizes: Sequence[int], batch: int = 128) -> Any:
    """A batch on its way through layers of these sizes: shapes, and the parameters each layer holds."""
    figure, ax = panels(height=2.9)
    layers = len(sizes) - 1
    ax.set(xlim=(-0.45, layers + 0.45), ylim=(-0.85, 1.3))
    ax.axis("off")
    for i, size in enumerate(sizes):
        tall = 0.35 + 0.65 * np.log(max(size, 1)) / np.log(max(2, *sizes))
        colour = BLUE if i == 0 else GREEN if i == layers else ORANGE
        box = FancyBboxPatch(
            (i - 0.11, 0.5 - tall / 2), 0.22, tall, boxstyle="round,pad=.02", fc=colour, ec="none", alpha=0.85
        )
        ax.add_patch(box)
        name = "x" if i == 0 else "out" if i == layers else f"h{i}"
        ax.text(i, 1.22, name, ha="center", fontsize=11, fontweight="bold", color=INK)
        ax.text(i, -0.22, f"[{batch}, {size}]", ha="center", fontsize=10, color=INK)
    for i, (m, n) in enumerate(zip(sizes, sizes[1:])):
        ax.annotate("", (i + 0.85, 0.5), (i + 0.15, 0.5), arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1.5})
        ax.text(i + 0.5, 0.62, f"@ w{i + 1} + b{i + 1}", ha="center", fontsize=10, color=INK)
        ax.text(i + 0.5, 0.34, "then relu" if i + 1 < layers else "no relu", ha="center", fontsize=9, color=GREY)
        ax.text(i + 0.5, -0.5, f"w{i + 1} [{m}, {n}]\nb{i + 1} [{n}]", ha="center", va="center", fontsize=9, color=INK)
        ax.text(i + 0.5, -0.8, f"{m * n + n:,} numbers", ha="center", fontsize=9, color=RED)
    total = sum(m * n + n for m, n in zip(sizes, sizes[1:]))
    ax.set_title(f"From {sizes[0]} pixels to {sizes[-1]} logits through {total:,} parameters")
    way = " to ".join(f"[{batch}, {size}]" for size in sizes)
    return shown(
        figure,
        f"A batch on its way through {layers} layer{'s' * (layers > 1)}: its shape goes from {way}. Below each layer the shapes of "
        f"its weights and biases; together they hold {total:,} numbers.",
    )


def weight_histograms(weights: Mapping[float, np.ndarray], logits: Mapping[float, np.ndarray]) -> Any:
    """Left: the first layer's weights, by the stddev they were drawn with. Right: how large the logits come out."""
    figure, (left, right) = panels(2, height=3.1)
    colours = (BLUE, RED, ORANGE, GREEN, PURPLE, GREY)
    usual = {}
    for k, (stddev, w) in enumerate(weights.items()):
        colour = colours[k % len(colours)]
        left.hist(np.ravel(w), bins=80, density=True, color=colour, alpha=0.55, label=f"stddev {stddev:g}")
        left.axvline(-2 * stddev, color=colour, ls=":", lw=1.2)
        left.axvline(2 * stddev, color=colour, ls=":", lw=1.2)
        size = np.log10(np.abs(np.ravel(logits[stddev])) + 1e-12)
        usual[stddev] = 10 ** float(np.median(size))
        right.hist(size[size > np.median(size) - 3], bins=60, color=colour, alpha=0.55)
    left.set(xlabel="weight", ylabel="density", yscale="log")
    left.set_title("No weight beyond two stddev")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    low, high = (int(f(np.log10(v))) for f, v in ((np.floor, min(usual.values())), (np.ceil, max(usual.values()))))
    ticks = np.arange(low - 2, high + 2)
    right.set(xlabel="size of a logit (log axis)", ylabel="how many", xlim=(ticks[0], ticks[-1]))
    right.set_xticks(ticks, [f"$10^{{{t}}}$" for t in ticks])
    right.set_title("Three layers multiply the difference" if len(usual) > 1 else "The logits that they make")
    told = "; ".join(
        f"for stddev {stddev:g} half of the logits are larger than {value:.2g}" for stddev, value in usual.items()
    )
    return shown(
        figure,
        "Left histograms of the first layer's weights, each ending at two standard deviations. Right histograms of the size of "
        f"the logits on a logarithmic axis: {told}.",
    )


def broadcast(rows: np.ndarray, bias: np.ndarray) -> Any:
    """A bias [units] added to products [batch, units]: what broadcasting copies, and the sum."""
    figure, axes = panels(3, height=2.3)
    copied = np.broadcast_to(bias, rows.shape)
    names = (f"x @ w  {list(rows.shape)}", f"b  {list(bias.shape)}, copied down", f"x @ w + b  {list(rows.shape)}")
    top = np.abs(rows + copied).max()
    for k, (ax, seen, name) in enumerate(zip(axes, (rows, copied, rows + copied), names, strict=True)):
        ax.imshow(seen, cmap="RdBu_r", vmin=-1.6 * top, vmax=1.6 * top, aspect="auto")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(False)
        ax.set_title(name, fontsize=10, fontweight="normal")
        for (i, j), value in np.ndenumerate(seen):
            faint = k == 1 and i > 0
            ax.text(
                j, i, f"{value:g}", ha="center", va="center", color=GREY if faint else INK, alpha=0.7 if faint else 1
            )
    for ax, sign in zip(axes, "+="):
        ax.annotate(sign, (1.06, 0.5), xycoords="axes fraction", fontsize=15, ha="center", va="center")
    figure.suptitle(
        "One row of biases serves every image of the batch", x=0.01, ha="left", fontweight="bold", fontsize=11
    )
    return shown(
        figure,
        f"Three tables of numbers: the products x @ w, the bias {np.asarray(bias).tolist()} copied down into each row, and their "
        "sum. The copies are pale: nobody has written them.",
    )


def squares(hot: np.ndarray, out: np.ndarray) -> Any:
    """One image's one-hot label and logits [classes], and the squares between them, drawn as squares."""
    figure, ax = panels(height=3.2)
    places = np.arange(len(hot))
    low, high = min(0.0, out.min()) - 0.2, max(1.0, out.max()) + 0.2
    ax.bar(places, hot, 0.16, align="center", color=GREY, alpha=0.5, label="one-hot label")
    ax.plot(places, out, "o", color=BLUE, ms=8, label="logit")
    ax.axhline(0, color=GREY, lw=1)
    for k, (target, value) in enumerate(zip(hot, out, strict=True)):
        side = abs(target - value)
        ax.add_patch(Rectangle((k, min(target, value)), side, side, fc=RED, ec=RED, alpha=0.3))
    ax.set(xlabel="class", ylabel="value", xlim=(-0.5, len(hot) + 0.4), ylim=(low, high), xticks=places)
    ax.set_aspect("equal")
    ax.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.32), ncol=2)
    ax.set_title(f"The loss is the mean area of the shaded squares: {np.mean((hot - out) ** 2):.3f}")
    return shown(
        figure,
        f"The ten logits of an untrained network as blue dots, and as grey bars the one-hot label, 1 at class {int(np.argmax(hot))} and 0 "
        f"elsewhere. Between each dot and its bar's end a square; the mean area is {np.mean((hot - out) ** 2):.3f}.",
    )


def one_step(rates: np.ndarray, losses: Sequence[float], used: float) -> Any:
    """The loss of a batch after one step of each length down its gradient; used: the tutorial's learning rate."""
    figure, ax = panels(height=3.0)
    start = losses[0]
    best = int(np.nanargmin(losses))
    ax.axhline(start, color=GREY, ls=":", lw=1.5, label="before the step")
    ax.plot(rates, losses, color=BLUE)
    ax.plot(used, np.interp(used, rates, losses), "o", color=RED, ms=9, label=f"lr = {used:g}")
    ax.plot(rates[best], losses[best], "o", color=GREEN, ms=9, label=f"the best single step: lr ≈ {rates[best]:.1g}")
    ax.set(xscale="log", xlabel="learning rate (log axis)", ylabel="loss of this batch", ylim=(0, 1.8 * start))
    ax.legend(fontsize=9, loc="upper left")
    ax.set_title("One step down the same slope: too short, right, too far")
    return shown(
        figure,
        f"The loss of one batch after a single step, over the learning rate. It is {start:.2f} before the step, hardly lower at "
        f"{used:g}, lowest, {losses[best]:.2f}, near {rates[best]:.1g}, and far higher beyond.",
    )


def learning(runs: Mapping[str, Mapping[str, Sequence[float]]], baselines: Mapping[str, float]) -> Any:
    """Loss and accuracy side by side. runs: name → {"loss": …, "accuracy": …}, value i after epoch i."""
    figure, (left, right) = panels(2, height=3.9)
    for colour, (name, run) in zip(COLOURS, runs.items(), strict=False):
        style = {"color": colour, "marker": "o", "ms": 4.5, "label": name}
        epochs = np.arange(len(run["loss"]))
        left.plot(epochs, run["loss"], **style)
        right.plot(epochs, 100 * np.asarray(run["accuracy"]), **style)
    longest = max(len(run["loss"]) for run in runs.values()) - 1
    for style, (name, loss) in zip(("--", ":"), baselines.items()):
        left.axhline(loss, color=INK, ls=style, lw=1.2, label=name)
    left.set(xlabel="epochs", ylabel="loss on test images", ylim=(0, 1.05 * max(r["loss"][0] for r in runs.values())))
    right.axhline(10, color=INK, ls="--", lw=1.2, label="guessing: 10 %")
    right.set(xlabel="epochs", ylabel="test images right, %", ylim=(0, 100))
    alone = len(runs) == 1
    left.set_title("The loss falls at once …" if alone else "One bold epoch beats ten timid ones …")
    right.set_title("… the accuracy does not follow" if alone else "… the accuracy tells them apart")
    for ax in (left, right):
        ax.set_xticks(range(longest + 1))
        ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncol=2)  # below: no line passes there
    told = "; ".join(
        f"{name}: loss {run['loss'][0]:.2f} to {run['loss'][-1]:.3f}, accuracy {run['accuracy'][0]:.0%} to {run['accuracy'][-1]:.0%}"
        for name, run in runs.items()
    )
    lines = ", ".join(f"{name} {loss:.3f}" for name, loss in baselines.items())
    return shown(
        figure, f"Loss (left) and accuracy (right) over the epochs. {told}. Horizontal lines on the left: {lines}."
    )


def mean_answers(means: Mapping[str, np.ndarray]) -> Any:
    """For each network the mean logits [true class, output]: row r is its usual answer to images of class r."""
    figure, axes = panels(len(means), height=3.4, sharey=True)
    for ax, (name, mean) in zip(np.atleast_1d(axes), means.items(), strict=True):
        drawn = ax.imshow(mean, cmap="RdBu_r", vmin=-1, vmax=1)
        ax.grid(False)
        ax.set_xticks(range(len(mean)))
        ax.set_yticks(range(len(mean)))
        ax.set_xlabel("output")
        ax.set_title(name, fontsize=10, fontweight="normal")
    np.atleast_1d(axes)[0].set_ylabel("true class")
    figure.colorbar(drawn, ax=axes, shrink=0.8, label="mean logit")
    figure.suptitle(
        "Columns do not look at the image; a diagonal does", x=0.01, ha="left", fontweight="bold", fontsize=11
    )
    told = ", ".join(f"{mean.diagonal().mean():.2f} ({name})" for name, mean in means.items())
    return shown(
        figure,
        f"Tables of mean logits, a row for each true class and a column for each output. Their mean on the diagonal: {told}.",
    )


def confident_mistakes(pictures: np.ndarray, labels: Any, guesses: Any, logits: np.ndarray, count: int = 16) -> Any:
    """The misclassified images with the largest logits: what each is, what was said, and how loudly."""
    labels, guesses = np.asarray(labels), np.asarray(guesses)
    wrong = np.flatnonzero(labels != guesses)
    worst = wrong[np.argsort(-logits[wrong, guesses[wrong]])][:count]
    titles = [
        f"{labels[i]}, said {guesses[i]}\n{logits[i, guesses[i]]:.2f} > {logits[i, labels[i]]:.2f}" for i in worst
    ]
    share = len(wrong) / len(labels)
    title = f"{len(wrong):,} of {len(labels):,} are wrong ({share:.0%}); these most confidently"
    pairs = ", ".join(f"a {labels[i]} for a {guesses[i]}" for i in worst[:5])
    return shown(
        images(pictures[worst], titles, columns=8, title=title),
        f"{len(worst)} misread digits with their labels, the network's answers and the two logits. The first: {pairs}. {title}.",
    )


def sample(pictures: np.ndarray, labels: Any, columns: int = 10) -> Any:
    """The first images of a set with their labels."""
    names = [str(v) for v in np.asarray(labels)]
    figure = images(
        pictures, names, columns=columns, title="No two writers make the same digit: images with their labels"
    )
    return shown(
        figure, f"The first {len(names)} images, handwritten digits on white paper. Their labels: {', '.join(names)}."
    )


def answers_given(named: Mapping[str, np.ndarray]) -> Any:
    """How often each class was answered, for each network: name → guesses [n]."""
    figure, axes = panels(len(named), height=HEIGHT * 0.9, sharey=True)
    told = []
    for ax, colour, (name, guesses) in zip(np.atleast_1d(axes), (GREEN, RED), named.items(), strict=False):
        counts = np.bincount(guesses, minlength=10)
        ax.bar(range(len(counts)), counts, color=colour, alpha=0.85)
        ax.set(xlabel="answer", xticks=range(len(counts)))
        ax.set_title(f"{name}: {counts.max() / counts.sum():.0%} are called {counts.argmax()}")
        told.append(f"{name}: the most frequent answer is {counts.argmax()}, with {counts.max():,} of {counts.sum():,}")
    np.atleast_1d(axes)[0].set_ylabel("test images")
    return shown(figure, f"How often each digit was answered. {'; '.join(told)}.")


def own_machine(record: np.ndarray, baseline: float, box: float) -> Any:
    """The training run of the student's own functions. record: [prints, (step, batch loss, test accuracy)]."""
    figure, (left, right) = panels(2, height=3.4)
    steps, losses, right_share = record.T
    finite = np.isfinite(losses)
    left.plot(steps[finite], losses[finite], color=BLUE, marker="o", ms=3.5, lw=1.5, label="your machine")
    left.axhline(baseline, color=INK, ls=":", lw=1.2, label="best constant answer")
    left.set(xlabel="step", ylabel="loss of one batch", ylim=(0, 1.05 * losses[finite].max(initial=baseline)))
    right.plot(steps, 100 * right_share, color=BLUE, marker="o", ms=3.5, lw=1.5, label="your machine")
    right.axhline(100 * box, color=INK, ls="--", lw=1.2, label="the box, after its epoch")
    right.set(xlabel="step", ylabel="test images right, %", ylim=(0, 100))
    left.set_title("Your machine leaves the baseline …" if finite.all() else "The loss is no number any more …")
    right.set_title(f"… and ends at {right_share[-1]:.0%}")
    for ax in (left, right):
        ax.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncol=2)
    return shown(
        figure,
        f"The training run of your own functions: the loss of a batch goes from {losses[0]:.2f} to {losses[-1]:.3f}, the accuracy on "
        f"the test images from {right_share[0]:.0%} to {right_share[-1]:.0%}. The box came to {box:.0%}.",
    )
