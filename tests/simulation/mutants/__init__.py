"""Deliberate bugs, each a promise of the design broken in one place: a simulation that finds none would prove nothing.

A module a subject; `mutant.py` says what a mutant is and under which faults it runs, `search.py` looks for them over
the cores, and `guarded.py` has what cannot show itself, with the proof. Only tests import this.

    python -m tests.simulation.mutants [word ...]    look for each, or for those whose names have one of the words
"""
