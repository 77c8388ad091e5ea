"""Compares what the programs asked of the API server with what their roles grant.

usage: rights.py [--all-used] ROLES AUDIT-LOG...

ROLES is a JSON list of Roles and ClusterRoles and of their bindings to the service accounts. Prints a row for
each right: account, verb, resource, where, and how often it was used. Exits with 1 if a request was not
granted, if a role has a wildcard or Secrets without names, and with --all-used if a right was not used.
"""

import json
import sys

NAMESPACE = "promogate-system"
ACCOUNTS = f"system:serviceaccount:{NAMESPACE}:"
# No request has them: the admission plugin OwnerReferencesPermissionEnforcement asks whether the author of an
# object may set blockOwnerDeletion.
ASKED_BY_PLUGIN = "/finalizers"


def accounts_of(role, objects):
    """The service accounts that it is bound to, each once."""
    return {
        subject["name"]
        for binding in objects
        if binding["kind"] == role["kind"] + "Binding"
        and binding["roleRef"]["name"] == role["metadata"]["name"]
        for subject in binding["subjects"]
    }


def rights_of(role, account):
    """One for each verb and resource, as a dict."""
    for rule in role.get("rules", []):
        for group in rule.get("apiGroups", []):
            for resource in rule.get("resources", []):
                for verb in rule["verbs"]:
                    yield {
                        "account": account,
                        "namespace": role["metadata"].get("namespace"),
                        "group": group,
                        "resource": resource,
                        "verb": verb,
                        "names": rule.get("resourceNames"),
                        "used": 0,
                    }


def requests_of(log):
    """The requests of the programs for objects."""
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            user = event["user"].get("username", "")
            account = user.removeprefix(ACCOUNTS)
            about = event.get("objectRef")
            # Tests use the accounts too, with kubectl.
            if user == account or not about or not event.get("userAgent", "").startswith(f"{account}/"):
                continue
            resource = about.get("resource", "")
            if about.get("subresource"):
                resource += "/" + about["subresource"]
            # Server-side apply of what does not exist needs both.
            created = event["verb"] == "patch" and event.get("responseStatus", {}).get("code") == 201
            for verb in [event["verb"]] + ["create"] * created:
                yield {
                    "account": account,
                    "namespace": about.get("namespace"),
                    "group": about.get("apiGroup", ""),
                    "resource": resource,
                    "verb": verb,
                    "name": about.get("name"),
                }


def grants(right, request):
    return (
        all(right[key] == request[key] for key in ("account", "group", "resource", "verb"))
        and right["namespace"] in (None, request["namespace"])
        and (not right["names"] or request["name"] in right["names"])
    )


def is_too_wide(right):
    if "*" in (right["verb"], right["resource"], right["group"]):
        return True
    return right["resource"] == "secrets" and not (right["names"] and right["namespace"])


def row(account, verb, group, resource, where, note):
    resource += f".{group}" if group else ""
    return f"{account:21} {verb:7} {resource:60} {where:39} {note}"


def where(right):
    names = ", ".join(right["names"] or [])
    return f"{right['namespace'] or 'any namespace'}{': ' if names else ''}{names}"


def note(right):
    if is_too_wide(right):
        return "TOO WIDE"
    if right["resource"].endswith(ASKED_BY_PLUGIN):
        return "asked by a plugin"
    return right["used"] or "NOT USED"


def main(arguments):
    all_used = arguments[0] == "--all-used"
    roles, *logs = arguments[all_used:]
    with open(roles, encoding="utf-8") as file:
        objects = json.load(file)["items"]
    rights = [
        right
        for role in objects
        if "rules" in role
        for account in sorted(accounts_of(role, objects))
        for right in rights_of(role, account)
    ]
    refused = set()
    for log in logs:
        for request in requests_of(log):
            granted = [right for right in rights if grants(right, request)]
            for right in granted:
                right["used"] += 1
            if not granted:
                refused.add(tuple(request[key] for key in ("account", "verb", "group", "resource", "namespace")))
    print(row("account", "verb", "", "resource", "where", "requests"))
    faults = 0
    for right in rights:
        print(row(right["account"], right["verb"], right["group"], right["resource"], where(right), note(right)))
        faults += is_too_wide(right) or (all_used and note(right) == "NOT USED")
    for account, verb, group, resource, namespace in sorted(refused, key=str):
        print(row(account, verb, group, resource, namespace or "", "NOT GRANTED"))
    return 1 if faults or refused else 0


sys.exit(main(sys.argv[1:]))
