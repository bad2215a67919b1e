"""What compiling costs the trained models of `test-vectors/models` in accuracy, measured."""
