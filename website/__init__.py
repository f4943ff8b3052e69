"""The course as a static website: `make site`. Not part of the package: students and graders do not need it.

pages      notebooks and documents → the pages that Sphinx reads; pure functions
colab      the notebooks for Google Colab, with a first cell that installs the course
access     what the theme's pages lack for readers by ear or by keyboard
mathml     formulas as MathML, written when the site is built: no script, no font, no network
conf       Sphinx's configuration
__main__   writes the pages, calls Sphinx
"""
