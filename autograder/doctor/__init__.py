"""Who wants to know whether all is there: `examine` looks at the machine, `attempts` tries every layer of the sandbox for real."""
