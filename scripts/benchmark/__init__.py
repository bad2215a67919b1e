"""The networks that `bench.py` compares, and the files of each runtime."""
