"""The table that conformance.py prints, as text and as Markdown."""

import collections

from .operators import NEWER, OPERATORS

HEAD = (
    "operator", "positive passed", "failed", "negative passed", "failed", "skipped", "refused",
)  # fmt: skip


def rows(written, judged):
    """A row for each operator in alphabetical order, then one of sums."""
    table = []
    for name in sorted(judged):
        counts = judged[name].counts
        table.append(
            (
                name,
                counts["positive passed"],
                counts["positive failed"],
                counts["negative passed"],
                counts["negative failed"],
                judged[name].total("skipped"),
                len(written[name].refused),
            )
        )
    operators = len(set(judged) & {*OPERATORS, *NEWER})
    sums = [sum(row[column] for row in table) for column in range(1, len(HEAD))]
    return table + [(f"{operators} operator{'s' if operators != 1 else ''}", *sums)]


def number(value):
    return f"{value:,}"


def as_text(table):
    """The table with its columns aligned."""
    lines = [[row[0], *map(number, row[1:])] for row in table]
    lines.insert(0, list(HEAD))
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    shown = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths))
        )
        for line in lines
    ]
    rule = "-" * len(shown[0])
    return "\n".join([shown[0], rule, *shown[1:-1], rule, shown[-1]])


def as_markdown(table):
    """The same as a Markdown table."""
    lines = [
        "| " + " | ".join(HEAD) + " |",
        "|---" + "|---:" * (len(HEAD) - 1) + "|",
        *("| " + " | ".join([row[0], *map(number, row[1:])]) + " |" for row in table[:-1]),
        "| " + " | ".join(f"**{cell}**" for cell in [table[-1][0], *map(number, table[-1][1:])]) + " |",
    ]
    return "\n".join(lines)


def notes(written, judged):
    """What the numbers do not say: why tests were skipped, refused or not built."""
    skips = collections.Counter()
    for each in judged.values():
        skips.update(each.skips)
    lines = [f"skipped {number(count)}: {why}" for why, count in skips.most_common()]
    for name in sorted(written):
        for test, why in written[name].unbuilt.items():
            lines.append(f"not built by the generator: {test}: {why}")
        for test, why in written[name].refused.items():
            lines.append(f"refused by the reference model: {test}: {why}")
    return lines
