"""From a draw to a verdict. Here live the vocabulary of exercises, the probes of answers, their comparison, and `check`."""
