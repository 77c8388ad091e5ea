"""The tables: medians of the rounds, and ratios to the other sides with the lowest and highest of a round."""

import statistics

# Row: title, metric, unit, and target: (side, "<="|">=", limit) for the ratio to "peer" or "floor", or for the
# figure of "promogate" itself.
ADMISSION = (
    ("Through the API server, 20 creates in flight", "api20", (
        ("CPU seconds per 10 000 admissions", "cpu", "s", ("peer", "<=", 0.25)),
        ("creates a second", "rate", "", None),
        ("p50 of a create", "p50", "ms", None),
        ("p99 of a create", "p99", "ms", None),
    )),
    ("Through the API server, 100 creates in flight", "api100", (
        ("CPU seconds per 10 000 admissions", "cpu", "s", ("peer", "<=", 0.5)),
        ("creates a second", "rate", "", None),
        ("p50 of a create", "p50", "ms", None),
        ("p99 of a create", "p99", "ms", None),
    )),
    ("Straight at the port, keep-alive, one core", "port", (
        ("requests for each CPU second", "per_cpu", "", ("peer", ">=", 2.5)),
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
    ("With 10 000 definitions, through the API server, 20 in flight", "many_api20", (
        ("CPU seconds per 10 000 admissions", "cpu", "s", None),
        ("p50 of a create", "p50", "ms", None),
        ("p99 of a create", "p99", "ms", None),
    )),
    ("With 10 000 definitions, memory after the load", "many_memory", (
        ("private", "private", "MiB", ("promogate", "<=", 8)),
        ("RSS", "rss", "MiB", ("peer", "<=", 0.25)),
        ("highest RSS", "peak", "MiB", None),
    )),
    ("With 10 000 definitions, at rest after the start", "many_start", (
        ("private", "private", "MiB", None),
        ("RSS", "rss", "MiB", None),
        ("until ready", "ready", "s", None),
    )),
)

POLICIES = (
    ("With 100 policies, 10 000 definitions, 10 000 contexts, through the API server, 20 in flight", "policies_api20", (
        ("CPU seconds per 10 000 admissions", "cpu", "s", ("peer", "<=", 0.25)),
        ("creates a second", "rate", "", None),
        ("p50 of a create", "p50", "ms", None),
        ("p99 of a create", "p99", "ms", None),
    )),
    ("The same straight at the port, keep-alive, one core", "policies_port", (
        ("requests for each CPU second", "per_cpu", "", None),
        ("CPU seconds per 10 000 admissions", "cpu", "s", None),
        ("p50 of a request", "p50", "ms", None),
        ("p99 of a request", "p99", "ms", ("peer", "<=", 1)),
    )),
    ("Memory with these, after the load", "policies_memory", (
        ("private", "private", "MiB", ("promogate", "<=", 16)),
        ("RSS", "rss", "MiB", None),
        ("highest RSS", "peak", "MiB", None),
    )),
    ("At rest after the start with these", "policies_start", (
        ("private", "private", "MiB", None),
        ("until ready", "ready", "s", None),
    )),
    ("Preview of a policy for all of them", "preview", (
        ("p50 of a dry run", "p50", "ms", None),
        ("longest dry run", "highest", "ms", ("promogate", "<=", 100)),
        ("CPU of each", "cpu", "ms", None),
    )),
    ("Audit after a change of a policy for all of them", "audit", (
        ("CPU", "cpu", "s", ("promogate", "<=", 1)),
        ("until the status is written", "seconds", "s", None),
    )),
)

TASKS = (1, 5, 10)
EACH_TASKS = tuple((f"{n} task{'s'[:n > 1]}", f"tasks{n}", n) for n in TASKS)
AT_MOST_FLOOR = ("floor", "<=", 1.5)

PROMOTION = (
    ("Delivery to running, p50", "running", tuple(
        (what, metric, "ms", AT_MOST_FLOOR) for what, metric, _ in EACH_TASKS)),
    ("Last Job's end to recorded outcome, p50, the Jobs end one after another", "recorded_in_turn", tuple(
        (what, metric, "ms", AT_MOST_FLOOR) for what, metric, _ in EACH_TASKS)),
    ("Last Job's end to recorded outcome, p50, the Jobs end together", "recorded_together", tuple(
        (what, metric, "ms", AT_MOST_FLOOR) for what, metric, _ in EACH_TASKS)),
    ("API calls for each promotion, the Jobs end one after another", "calls_in_turn", tuple(
        (what, metric, "", ("promogate", "<=", 4 * n + 2)) for what, metric, n in EACH_TASKS) + (
        ("Events beside those, 10 tasks", "events10", "", None),)),
    ("API calls for each promotion, the Jobs end together", "calls_together", tuple(
        (what, metric, "", ("promogate", "<=", 3 * n + 2)) for what, metric, n in EACH_TASKS) + (
        ("Events beside those, 10 tasks", "events10", "", None),)),
    ("1 000 versions of 5 tasks delivered at once", "flood", (
        ("API writes a second", "rate", "", ("floor", ">=", 0.8)),
        ("until all Jobs run", "seconds", "s", None),
        ("API calls for each version", "calls", "", None),
        ("CPU", "cpu", "s", None),
        ("CPU with server's, 1 000 writes", "cpu_each", "s", None),
        ("private", "private", "MiB", None),
        ("RSS", "rss", "MiB", None),
        ("highest RSS", "peak", "MiB", None),
    )),
    ("A promotion of 5 tasks beside a namespace with 1 000 versions", "neighbour", (
        ("delivery to running, alone, p50", "calm", "ms", None),
        ("beside it, p50", "beside", "ms", None),
        ("times as long", "times", "", ("promogate", "<=", 2)),
    )),
    ("With 10 000 versions", "many", (
        ("private, after the start", "private", "MiB", None),
        ("private, after promotions", "private_later", "MiB", ("promogate", "<=", 32)),
        ("RSS", "rss", "MiB", None),
        ("highest RSS", "peak", "MiB", None),
        ("until ready", "ready", "s", None),
        ("delivery to running, 5 tasks, p50", "tasks5", "ms", None),
    )),
    ("Idle with 10 000 versions, 20 s", "idle", (
        ("Lease renewals", "leases", "", None),
        ("other API calls", "others", "", ("promogate", "<=", 0)),
        ("CPU", "cpu", "s", None),
    )),
)


CALM_TARGET = ("promogate", "<=", 0)
ADMITTED = (
    ("valid contexts refused at the port", "port_refused", "", CALM_TARGET),
    ("p50", "port_p50", "ms", None),
    ("p99", "port_p99", "ms", None),
    ("valid contexts refused, API server", "api_refused", "", CALM_TARGET),
    ("p50 of a create", "api_p50", "ms", None),
    ("p99 of a create", "api_p99", "ms", None),
)

ATTACK = (
    ("270 bodies that are one byte short", "bodies", ADMITTED),
    ("1 100 half requests", "halves", ADMITTED),
    ("1 500 ClientHellos and silence", "hellos", ADMITTED),
    ("1 000 large answers that are never read", "unread", ADMITTED),
    ("150 clients whose contexts need look-ups", "flood", ADMITTED),
    ("A burst of GitOps contexts before their definitions", "burst", (
        ("contexts refused", "refused", "", CALM_TARGET),
        ("p50 of a create", "p50", "ms", None),
        ("p99 of a create", "p99", "ms", None),
    )),
    ("1 200 GETs with half a body at the plain port", "probes", (
        ("probes that failed", "probe_refused", "", CALM_TARGET),
        ("p50", "probe_p50", "ms", None),
        ("p99", "probe_p99", "ms", None),
    )),
    ("Started while 150 clients flood its port", "ready", (
        ("until ready", "seconds", "s", ("promogate", "<=", 5)),
    )),
    ("Highest memory of each, limit of the manifest: 192 MiB", "memory", tuple(
        (kind, kind, "MiB", ("promogate", "<=", 192)) for kind in ("bodies", "halves", "hellos", "unread", "flood", "probes"))),
)


def rows(groups, samples):
    """`samples[side][scenario]` is a list of dicts, one for each round; a side may have none."""
    for heading, scenario, metrics in groups:
        for what, metric, unit, target in metrics:
            rounds = {side: [s[metric] for s in kept.get(scenario, ()) if metric in s] for side, kept in samples.items()}
            rounds = {side: values for side, values in rounds.items() if values}
            if "promogate" not in rounds:
                continue
            row = {
                "group": heading,
                "scenario": scenario,
                "metric": metric,
                "what": what,
                "unit": unit,
                "median": {side: statistics.median(values) for side, values in rounds.items()},
                "rounds": rounds,
            }
            row["ratio"] = {side: compare(rounds["promogate"], values) for side, values in rounds.items()
                            if side != "promogate" and all(values)}
            if target and (target[0] == "promogate" or target[0] in row["ratio"]):
                of, relation, limit = target
                value = row["median"][of] if of == "promogate" else row["ratio"][of]["median"]
                row["target"] = {"of": of, "relation": relation, "limit": limit}
                row["reached"] = value <= limit if relation == "<=" else value >= limit
            yield row


def compare(ours, others):
    each = [a / b for a, b in zip(ours, others)]
    return {"median": statistics.median(ours) / statistics.median(others), "low": min(each), "high": max(each)}


def table(made, others):
    """`others`: the sides beside Promogate, in the order of their columns."""
    head = f"{'':38}{'promogate':>10}" + "".join(f"{side:>10}" for side in others)
    head += "".join(f"  {'by ' + side:>9}  {'low..high':10}" for side in others) + "  target       reached"
    lines = [head]
    heading = None
    for row in made:
        if row["group"] != heading:
            heading = row["group"]
            lines += ["", heading]
        lines.append(line(row, others))
    return "\n".join(lines)


def line(row, others):
    name = row["what"] + (f", {row['unit']}" if row["unit"] else "")
    text = f"  {name:36}"
    for side in ("promogate", *others):
        text += f"{number(row['median'].get(side)):>10}"
    for side in others:
        r = row["ratio"].get(side)
        text += f"  {r['median']:>9.2f}  {r['low']:.2f}..{r['high']:<4.2f}" if r else " " * 23
    if "target" in row:
        t = row["target"]
        of = t["of"] if t["of"] != "promogate" else row["unit"]
        text += f"  {t['relation']} {t['limit']:g} {of:6}  {'yes' if row['reached'] else 'NO'}"
    return text.rstrip()


def number(x):
    if x is None:
        return ""
    return f"{x:.2f}" if x < 100 else f"{x:.0f}"
