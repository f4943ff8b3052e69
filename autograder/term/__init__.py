"""An instructor's term, from a roster to the last grade: a class folder, what was handed in, grades for elsewhere, feedback.

`new_class`, `overview`: the folder, and how things stand. `found`, `unpack`, `names`, `recognise`, `plan`, `store`: from downloads to
submitted/, each a step of `course collect`. `export`, `release`: to a learning management system. `regrade`: what would change.
"""
