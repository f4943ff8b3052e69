"""From submissions to grades: nbgrader preprocessors, the batch engine, the class report."""
