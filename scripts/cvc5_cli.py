#!/usr/bin/env python3
"""Answers an SMT-LIB file by cvc5's Python package, as its command line would: PyPI has only the package.

    python cvc5_cli.py [--OPTION=VALUE ...] FILE.smt2
"""

import sys

import cvc5


def main():
    *options, path = sys.argv[1:]
    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    for option in options:
        name, _, value = option.removeprefix("--").partition("=")
        solver.setOption(name, value or "true")
    symbols = cvc5.SymbolManager(manager)
    parser = cvc5.InputParser(solver, symbols)
    parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, path)
    while not (command := parser.nextCommand()).isNull():
        print(command.invoke(solver, symbols), end="")


if __name__ == "__main__":
    main()
