"""The processes that a conformance run starts, all of which end with it."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import threading

from devkit import Failed

from .operators import GENERATOR_OPTIONS

WRITER = pathlib.Path(__file__).with_name("writer.py")


class Children:
    """The processes of all threads, so that one call ends them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.running = set()
        self.stopped = False

    def start(self, command, **options):
        """Starts a process in a session of its own: Ctrl-C reaches this script alone, which ends it."""
        with self.lock:
            if self.stopped:
                raise Failed("stopped")
            try:
                child = subprocess.Popen(
                    [str(part) for part in command], start_new_session=True, **options
                )
            except OSError as error:
                raise Failed(f"{command[0]} can't be started: {error.strerror}") from None
            self.running.add(child)
        return child

    def finish(self, child):
        """Waits for a process that ends by itself; returns its exit code."""
        code = child.wait()
        with self.lock:
            self.running.discard(child)
            if self.stopped:
                raise Failed("stopped")
        return code

    def run(self, command, seconds, **options):
        """Runs a command to its end; returns its exit code, standard output and standard error."""
        child = self.start(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            **options,
        )
        try:
            output, errors = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            self.finish(child)
            raise Failed(f"{command[0]} did not end within {seconds} seconds") from None
        return self.finish(child), output, errors

    def stop(self):
        """Ends what still runs, and waits for it."""
        with self.lock:
            self.stopped = True
            running = list(self.running)
        for child in running:
            # Its session: the reference model starts a debugger when it fails.
            with contextlib.suppress(ProcessLookupError):
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
        for child in running:
            child.wait()


class Writer:
    """writer.py: runs from the first question on, and again if it has ended."""

    def __init__(self, tools, children, seed, log):
        self.tools, self.children, self.seed, self.log = tools, children, seed, log
        self.child = None

    def start(self):
        with open(self.log, "w") as errors:
            # Isolated: scripts of this folder have the names of the generator's packages.
            self.child = self.children.start(
                [
                    self.tools.python, "-I", WRITER, "--", *GENERATOR_OPTIONS,
                    "--seed", self.seed, "--generate-lib-path", self.tools.library,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )  # fmt: skip

    def ask(self, operator=None, directory=None, at_least=None):
        """Its answer to one request."""
        if not self.child:
            self.start()
        request = {"operator": operator, "directory": directory, "at_least": at_least}
        try:
            self.child.stdin.write(json.dumps(request) + "\n")
            self.child.stdin.flush()
            line = self.child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.close()
            said = self.log.read_text(errors="replace")[-1500:].rstrip()
            raise Failed(f"the test generator ended:\n{said}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"the test generator: {answer['error']} (see {self.log})")
        return answer

    def close(self):
        """Lets it end."""
        if self.child:
            child, self.child = self.child, None
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
            child.stdout.close()
            self.children.finish(child)
