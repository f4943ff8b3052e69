"""From submissions to grades: judges, nbgrader preprocessors, the batch engine, the class report."""
