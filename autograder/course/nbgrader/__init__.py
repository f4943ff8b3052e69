"""All that this package has to do with nbgrader's applications, configuration, log and gradebook; nothing else of it does.

The preprocessors in `grading`, which nbgrader's own commands call, are the other way round: there nbgrader speaks to us.
Importing this takes seconds, for nbgrader does; who needs it now and then imports it then.

`config`: what the course's nbgrader_config.py says. `place`: where the gradebook lies. `copy`: all of it into another. `make`: what nbgrader makes of a source. `book`: the gradebook, opened.
`sync`: kept in step with the source. `save`: writing graded submissions. `look`: what was not found in them, for a person.
`scores`, `marks`, `cell_marks`: reading them. `members`: who is in the class, and when chapters are due. `late`, `exchange`,
`server`, `model_answers`: what nbgrader itself calls, as a class has it.
"""
