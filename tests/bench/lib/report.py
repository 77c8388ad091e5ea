"""The table of ratios: Promogate's median by the peer's, and the lowest and highest ratio of a round."""

import statistics

# Row: what, metric, unit, and the target: ("ratio"|"promogate", "<="|">=", limit).
ROWS = (
    ("Through the API server, 20 creates in flight", "api20", (
        ("CPU seconds per 10 000 admissions", "cpu", "s", ("ratio", "<=", 0.25)),
        ("creates a second", "rate", "", None),
        ("p50 of a create", "p50", "ms", None),
        ("p99 of a create", "p99", "ms", None),
    )),
    ("Through the API server, 100 creates in flight", "api100", (
        ("CPU seconds per 10 000 admissions", "cpu", "s", ("ratio", "<=", 0.5)),
        ("creates a second", "rate", "", None),
        ("p50 of a create", "p50", "ms", None),
        ("p99 of a create", "p99", "ms", None),
    )),
    ("Straight at the port, keep-alive, one core", "port", (
        ("requests for each CPU second", "per_cpu", "", ("ratio", ">=", 2.5)),
        ("CPU seconds per 10 000 admissions", "cpu", "s", None),
        ("requests a second", "rate", "", None),
        ("p50 of a request", "p50", "ms", None),
        ("p99 of a request", "p99", "ms", None),
    )),
    ("Straight at the port, a new connection for each request, one core", "connect", (
        ("requests for each CPU second", "per_cpu", "", None),
        ("CPU seconds per 10 000 admissions", "cpu", "s", None),
        ("requests a second", "rate", "", None),
    )),
    ("Memory with 10 definitions, after the load", "memory", (
        ("RSS", "rss", "MiB", None),
        ("private", "private", "MiB", None),
    )),
    ("With {many} definitions, through the API server, 20 in flight", "many_api20", (
        ("CPU seconds per 10 000 admissions", "cpu", "s", None),
        ("p50 of a create", "p50", "ms", None),
        ("p99 of a create", "p99", "ms", None),
    )),
    ("With {many} definitions, memory after the load", "many_memory", (
        ("private", "private", "MiB", ("promogate", "<=", 8)),
        ("RSS", "rss", "MiB", ("ratio", "<=", 0.25)),
        ("highest RSS", "peak", "MiB", None),
    )),
    ("With {many} definitions, at rest after the start", "many_start", (
        ("private", "private", "MiB", None),
        ("RSS", "rss", "MiB", None),
        ("until ready", "ready", "s", None),
    )),
)


def rows(samples, many):
    """`samples[side][scenario]` is a list of dicts, one for each round."""
    for heading, scenario, metrics in ROWS:
        for what, metric, unit, target in metrics:
            ours, peers = ([s[metric] for s in samples[side].get(scenario, ())] for side in ("promogate", "peer"))
            if not ours or not peers:
                continue
            row = {
                "group": heading.format(many=f"{many:,}".replace(",", " ")),
                "scenario": scenario,
                "metric": metric,
                "what": what,
                "unit": unit,
                "promogate": statistics.median(ours),
                "peer": statistics.median(peers),
                "rounds": {"promogate": ours, "peer": peers},
            }
            each = [ratio(a, b) for a, b in zip(ours, peers)]
            row |= {"ratio": ratio(row["promogate"], row["peer"]), "ratio_low": min(each), "ratio_high": max(each)}
            if target:
                of, relation, limit = target
                row["target"] = {"of": of, "relation": relation, "limit": limit}
                row["reached"] = row[of] <= limit if relation == "<=" else row[of] >= limit
            yield row


def ratio(a, b):
    return a / b if b else float("inf")


def table(made):
    lines = [f"{'':38}{'promogate':>12}{'peer':>12}{'ratio':>8}  {'low..high':14}{'target':16}reached"]
    heading = None
    for row in made:
        if row["group"] != heading:
            heading = row["group"]
            lines += ["", heading]
        target, reached = "", ""
        if "target" in row:
            t = row["target"]
            target = f"{t['relation']} {t['limit']:g}" + (f" {row['unit']}" if t["of"] == "promogate" else "")
            reached = "yes" if row["reached"] else "NO"
        name = row["what"] + (f", {row['unit']}" if row["unit"] else "")
        spread = f"{row['ratio_low']:.2f}..{row['ratio_high']:.2f}"
        lines.append(f"  {name:36}{number(row['promogate']):>12}{number(row['peer']):>12}{row['ratio']:>8.2f}"
                     f"  {spread:14}{target:16}{reached}".rstrip())
    return "\n".join(lines)


def number(x):
    return f"{x:.2f}" if x < 100 else f"{x:.0f}"
