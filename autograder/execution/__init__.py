"""Runs untrusted cells: a zygote that imported TensorFlow, its sandboxed children, and an inert wire. Knows nothing of grading."""
