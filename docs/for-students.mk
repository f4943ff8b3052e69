# One command each; every one sets up by itself on first use.
GUIDE := README.md
include $(dir $(lastword $(MAKEFILE_LIST)))setup.mk

.PHONY: help lab hand-in setup
.DEFAULT_GOAL := help

help:
	@echo "make lab                 open the course in JupyterLab"
	@echo "make hand-in CHAPTER=01  grade a copy of chapter 01 as you saved it, and put it into release/hand-in"
	@echo "make setup               only install (the others do it when needed)"

lab: $(READY)
	@$(BIN)/course lab $(OPTIONS)

hand-in: $(READY)
	@$(BIN)/course hand-in $(or $(CHAPTER),$(error say which chapter: make hand-in CHAPTER=01))
