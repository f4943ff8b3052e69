"""The student's desk: JupyterLab as it is opened, the first page, how far one is, handing in."""
