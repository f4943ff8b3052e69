"""Averages: a mean with weights, a running mean, columns on one scale."""

import numpy as np

from autograder.judging.exercise import exercise


def _numbers(rng, n):
    return rng.normal(rng.integers(-5, 6), 3, size=n)


# -- weighted_mean -----------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=5, forbid=["np.average"])
def weighted_mean(x, weights):
    """The mean of x in which each number counts as its weight says. [n] float64, [n] float64 → a number."""
    return np.average(x, weights=weights)


# Dimensions: one number and many; equal weights and unequal ones; weights that add up to 1 and to something else; zeros.
@weighted_mean.case("weights that add up to 1", points=1)
def _(rng):
    n = int(rng.integers(3, 9))
    return _numbers(rng, n), rng.dirichlet(np.ones(n))


@weighted_mean.case("weights that add up to something else", points=1)
def _(rng):
    n = int(rng.integers(3, 9))
    return _numbers(rng, n), rng.uniform(2, 5, size=n)


@weighted_mean.case("some weights are zero", points=1)
def _(rng):
    weights = rng.uniform(2, 5, size=int(rng.integers(4, 9)))
    weights[: int(rng.integers(1, 3))] = 0
    return _numbers(rng, len(weights)), weights


@weighted_mean.mistake("In your answer every number counts the same. Where do the weights come in?")
def _(x, weights):
    return np.mean(x)


@weighted_mean.mistake("The weights need not add up to 1. What is left of them when all numbers are equal?")
def _(x, weights):
    return np.sum(x * weights)


@weighted_mean.mistake("You divided by how many numbers there are. With weights, how many are there?")
def _(x, weights):
    return np.sum(x * weights) / len(x)


# -- running_mean ------------------------------------------------------------------------------------------------------


@exercise(points=4, minutes=10, difficulty=2, forbid=["np.convolve"])
def running_mean(x, width):
    """The mean of every `width` neighbours. [n] float64, int → [n - width + 1] float64."""
    return np.convolve(x, np.full(width, 1 / width), "valid")


# Dimensions: width 1, in between, n; n from 1; large numbers, where a running sum loses digits.
@running_mean.case("windows in a row of numbers", points=2)
def _(rng):
    width = int(rng.integers(2, 5))
    return _numbers(rng, width + int(rng.integers(2, 9))), width


@running_mean.case("one window, as wide as the row", points=1)
def _(rng):
    width = int(rng.integers(2, 7))
    return _numbers(rng, width), width


@running_mean.case("windows of one number", points=1)
def _(rng):
    return _numbers(rng, int(rng.integers(2, 9))), 1


@running_mean.mistake("The last window is missing: how many windows of this width fit into n numbers?")
def _(x, width):
    return np.array([x[i : i + width].mean() for i in range(len(x) - width)])


@running_mean.mistake("At the ends you average fewer numbers than `width`. Only whole windows count.")
def _(x, width):
    return np.array([x[i : i + width].mean() for i in range(len(x))])


@running_mean.mistake("Those are sums. How many numbers are in each of them?")
def _(x, width):
    return np.array([x[i : i + width].sum() for i in range(len(x) - width + 1)])


# -- standardize -------------------------------------------------------------------------------------------------------


@exercise(points=4, minutes=10, difficulty=2)
def standardize(table):
    """Every column with mean 0 and standard deviation 1; a constant column becomes zeros. [rows, columns] float64 → the same."""
    away = table - table.mean(axis=0)
    spread = np.sqrt(np.atleast_2d(np.cov(table, rowvar=False, bias=True)).diagonal())
    return away / np.where(spread == 0, 1, spread)


# Dimensions: one column and several, of different sizes; a constant column, in any place; the caller's table stays as it is.
@standardize.case("columns of different sizes", points=2)
def _(rng):
    scales = 10.0 ** rng.permutation([-2, 0, 3])
    return (rng.normal(1, 1, size=(int(rng.integers(4, 9)), 3)) * scales,)


@standardize.case("one of the columns is constant", points=2)
def _(rng):
    table = rng.normal(1, 2, size=(int(rng.integers(4, 9)), 3))
    table[:, rng.integers(3)] = float(rng.integers(1, 6))
    return (table,)


@standardize.mistake(
    "You took the mean and the deviation of the whole table. Each column has its own: which axis is that?"
)
def _(table):
    return (table - table.mean()) / table.std()


@standardize.mistake("You divided by the variance; its square root has the unit of the numbers.")
def _(table):
    variance = table.var(axis=0)
    return (table - table.mean(axis=0)) / np.where(variance == 0, 1, variance)


@standardize.mistake(
    "A constant column has the deviation 0, and 0/0 is no number. What should become of such a column?"
)
def _(table):
    return (table - table.mean(axis=0)) / table.std(axis=0)
