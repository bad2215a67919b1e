#!/usr/bin/env python3
"""Runs the consensus crates' tests, the shared vectors and the compiler's records on other machines.

Foreign programs run under qemu-user or node, the runtime's core under Miri too. What a target needs
is installed where that is possible (rustup; apt-get as root) and named in one line where it is not.
A target that cannot be run has failed. Needs an x86-64 Linux.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "target" / "cross"
CRATES = ("fixpoint-runtime", "fixpoint-precompile")
# Results are the same without `std`, which brings the SIMD kernels; the cache needs no SIMD.
WITHOUT_SIMD = ("--no-default-features", "--features", "fixpoint-precompile/cache")
# What benchmarks need and tests only link: quickly built is good enough.
UNUSED = ("criterion", "clap_builder", "regex-automata", "regex-syntax")
SCALAR_CODE = "-Cno-vectorize-loops -Cno-vectorize-slp"


@dataclasses.dataclass(frozen=True)
class Target:
    """A machine to be."""

    triple: str
    what: str
    # Sets of kernels that must have been compared; `...` allows others, none asks for none.
    kernels: tuple = ("portable",)
    options: tuple = WITHOUT_SIMD
    crates: tuple = CRATES
    tests: tuple = ("--lib", "--tests")
    linker: str = ""
    runner: tuple = ()
    rustflags: str = ""
    # Debian packages by the command that they bring.
    packages: tuple = ()
    is_miri: bool = False


def linux(arch, what, qemu=None, libc=None, cpu="max", **more):
    """A Linux that GCC links for and qemu-user runs, with all that a CPU may have."""
    qemu, gcc = qemu or arch, f"{arch}-linux-gnu-gcc"
    return Target(
        f"{arch}-unknown-linux-gnu",
        what,
        linker=gcc,
        runner=(f"qemu-{qemu}", "-cpu", cpu, "-L", f"/usr/{arch}-linux-gnu"),
        packages=(
            (gcc, f"gcc-{arch}-linux-gnu libc6-dev-{libc or arch}-cross"),
            (f"qemu-{qemu}", "qemu-user"),
        ),
        **more,
    )


def miri(triple, what):
    """The runtime's core, interpreted: undefined behaviour in it, and leaks, are errors."""
    options = ("--no-default-features",)
    return Target(triple, what, options=options, crates=CRATES[:1], is_miri=True)


NEON = {"libc": "arm64", "options": ()}
HOST = "x86_64-unknown-linux-gnu"
TARGETS = {
    "x86_64": Target(HOST, "every SIMD set of this CPU", ("portable", "sse2", "avx2", ...), ()),
    "x86_64-old": Target(
        HOST,
        "the same programs on a CPU without AVX",
        ("portable", "sse2"),
        options=(),
        runner=("qemu-x86_64", "-cpu", "qemu64"),
        packages=(("qemu-x86_64", "qemu-user"),),
    ),
    "x86_64-scalar": Target(
        HOST, "no SIMD kernels, and none made by the compiler", rustflags=SCALAR_CODE
    ),
    "aarch64": linux(
        "aarch64", "NEON with dot products", kernels=("portable", "neon", "neondot"), **NEON
    ),
    "aarch64-old": linux(
        "aarch64",
        "the same programs without them",
        cpu="cortex-a57",
        kernels=("portable", "neon"),
        **NEON,
    ),
    "aarch64-compiler": linux(
        "aarch64",
        "the compiler: the same models from records of choices",
        kernels=(),
        crates=("fixpoint-compiler",),
        tests=("--test", "rebuilt"),
        **NEON,
    ),
    "s390x": linux("s390x", "big endian"),
    "i686": linux("i686", "32 bits", qemu="i386", libc="i386"),
    "wasm32": Target(
        "wasm32-wasip1",
        "WebAssembly, by node",
        runner=("node", "--no-warnings", str(ROOT / "scripts" / "wasi-run.mjs")),
        packages=(("node", "nodejs"),),
    ),
    "miri": miri(HOST, "undefined behaviour"),
    "miri-s390x": miri("s390x-unknown-linux-gnu", "the same, big endian"),
    "miri-i686": miri("i686-unknown-linux-gnu", "the same, 32 bits"),
}


class CannotRun(Exception):
    """Something is missing; the text says what to do."""


@dataclasses.dataclass
class Result:
    """What a target's tests came to."""

    name: str
    reason: str = ""
    passed: int = 0
    failed: int = 0
    ignored: int = 0
    vectors: int = 0
    kernels: str = ""
    build_seconds: float = 0
    run_seconds: float = 0
    cpu_seconds: float = 0


def succeeds(*command):
    """Runs a command of a package manager, which says itself what goes wrong."""
    print("$", " ".join(command), flush=True)
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL).returncode == 0


def output_of(*command):
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    return done.stdout.split() if done.returncode == 0 else []


def need_packages(packages):
    """Installs what brings the commands that are missing."""
    missing = [names for command, names in packages if not shutil.which(command)]
    if not missing:
        return
    names = " ".join(dict.fromkeys(missing)).split()
    install = ("apt-get", "install", "-y", "-q", "--no-install-recommends", *names)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotRun(f"install its tools, on Debian: sudo {' '.join(install)}")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    # A fresh image has no list of packages.
    if not succeeds(*install) and not (succeeds("apt-get", "update", "-q") and succeeds(*install)):
        raise CannotRun(f"`{' '.join(install)}` failed")


def need_rust(target):
    """Installs the target's standard library, or Miri."""
    if not shutil.which("rustup"):
        raise CannotRun("rustup is missing: install it from https://rustup.rs")
    if target.is_miri:
        parts = output_of("rustup", "component", "list", "--installed", "--toolchain", "nightly")
        if any(part.startswith("miri") for part in parts) and "rust-src" in parts:
            return
        install = ("rustup", "toolchain", "install", "nightly", "--profile", "minimal")
        if parts:
            # Whatever nightly is there stays.
            install = ("rustup", "component", "add", "--toolchain", "nightly", "miri", "rust-src")
        else:
            install += ("--component", "miri", "--component", "rust-src")
    else:
        if target.triple in output_of("rustup", "target", "list", "--installed"):
            return
        install = ("rustup", "target", "add", target.triple)
    if not succeeds(*install):
        raise CannotRun(f"`{' '.join(install)}` failed")


def cargo(target):
    """The command that builds and runs its tests."""
    command = ["cargo", "+nightly", "miri"] if target.is_miri else ["cargo"]
    command += ["test", "--locked", *target.tests, "--no-fail-fast"]
    command += ["--target", target.triple, *target.options]
    for crate in target.crates:
        command += ["--package", crate]
    settings = {"linker": target.linker, "runner": list(target.runner)}
    settings["rustflags"] = target.rustflags.split()
    for key, value in settings.items():
        if value:
            command += ["--config", f"target.{target.triple}.{key}={json.dumps(value)}"]
    for package in UNUSED:
        command += ["--config", f"profile.dev.package.{package}.opt-level=0"]
    return command


def environment(target):
    env = dict(os.environ)
    # These would come before the target's own.
    env.pop("RUSTFLAGS", None)
    if target.is_miri:
        # The vectors are files.
        env["MIRIFLAGS"] = "-Zmiri-disable-isolation"
    if target.linker:
        # For tract-linalg's assembly.
        env[f"CC_{target.triple.replace('-', '_')}"] = target.linker
    return env


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def execute(command, target, log):
    """Runs to the end, with all that it says in a file; returns that, and the seconds it took."""
    start = time.monotonic()
    with open(log, "w") as file:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(target),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    text = log.read_text(errors="replace")
    if done.returncode != 0:
        print(text[-6000:])
    return done.returncode == 0, text, time.monotonic() - start


def judge(target, result, text):
    """Reads the counts of what ran; says what is wrong with them, if anything is."""
    programs = re.findall(r"^ +Running (?:unittests )?(\S+)", text, re.M)
    ends = re.findall(
        r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored.* finished in (\S+)$",
        text,
        re.M,
    )
    for program, (passed, failed, ignored, seconds) in zip(programs, ends):
        print(f"  {program:32} {passed:>4} passed {failed:>3} failed {ignored:>3} ignored {seconds:>9}")
    for index, count in enumerate(("passed", "failed", "ignored")):
        setattr(result, count, sum(int(end[index]) for end in ends))
    vectors = re.findall(r"^vectors: (\d+) (.+)$", text, re.M)
    result.vectors = sum(int(count) for count, _ in vectors)
    kernels = re.findall(r"^kernels: (.+)$", text, re.M)
    result.kernels = kernels[-1] if kernels else "none"
    print("  vectors:", ", ".join(f"{count} {what}" for count, what in vectors))
    print("  kernels:", result.kernels, flush=True)
    if len(programs) != len(ends):
        return "a program did not come to its end"
    if not result.passed or not vectors:
        return "nothing ran"
    ran = set(result.kernels.split(", "))
    want = {name for name in target.kernels if name is not ...}
    if target.kernels and not (want <= ran if ... in target.kernels else want == ran):
        return f"kernels ran: {result.kernels}; wanted: {', '.join(sorted(want))}"
    return ""


def test(name):
    """Installs, builds, runs."""
    target, result = TARGETS[name], Result(name)
    print(f"\n== {name}: {target.what}", flush=True)
    start = cpu_seconds()
    try:
        need_rust(target)
        need_packages(target.packages)
        log = LOGS / f"{name}.log"
        command = cargo(target)
        built, _, result.build_seconds = execute([*command, "--no-run"], target, log)
        if not built:
            raise CannotRun(f"it does not build: {log}")
        command += ["--", "--show-output"]
        passed, text, result.run_seconds = execute(command, target, log)
        result.reason = judge(target, result, text)
        if not passed and not result.reason:
            result.reason = f"tests fail: {log}"
    except CannotRun as error:
        result.reason = f"could not run: {error}"
    if result.reason:
        print(f"  {result.reason}", flush=True)
    result.cpu_seconds = cpu_seconds() - start
    return result


def print_table(results):
    print(
        f"\n{'target':17}{'passed':>7}{'failed':>7}{'ignored':>8}{'vectors':>8}"
        f"{'build':>8}{'run':>7}{'CPU':>7}  kernels"
    )
    for result in results:
        print(
            f"{result.name:17}{result.passed:7}{result.failed:7}{result.ignored:8}"
            f"{result.vectors:8}{result.build_seconds:7.0f}s{result.run_seconds:6.0f}s"
            f"{result.cpu_seconds:6.0f}s  {result.kernels}"
        )
    failures = [result for result in results if result.reason]
    for result in failures:
        print(f"{result.name}: {result.reason}")
    print("FAILED" if failures else f"All {len(results)} targets pass.")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    names = parser.parse_args().targets or list(TARGETS)
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    sys.exit(1 if print_table([test(name) for name in names]) else 0)


if __name__ == "__main__":
    main()
