"""What Ansible makes of inventories: for each line {"sources": [...], "limits": [...], "literals": [...]} one of JSON.

It is ansible-inventory --list, ansible all --limit ... --list-hosts and ast.literal_eval for many in one process.
"""
import json
import os
import sys

from ansible.cli.inventory import INTERNAL_VARS
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory.ini import InventoryModule
from ansible.utils.display import Display
from ansible.vars.manager import VariableManager


def inventory(request):
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=request["sources"])
    variables = VariableManager(loader=loader, inventory=manager)
    hosts = {}
    for host in manager.get_hosts():
        found = variables.get_vars(host=host, include_hostvars=False, stage="all")
        hosts[host.name] = {k: v for k, v in found.items() if k not in INTERNAL_VARS}
    groups = {name: sorted({h.name for h in group.get_hosts()}) for name, group in manager.groups.items()}
    limits = []
    for limit in request.get("limits") or []:
        manager.subset(limit)
        limits.append(sorted({h.name for h in manager.get_hosts()}))
    return {"hosts": hosts, "groups": groups, "limits": limits}


def literal(text):
    try:
        return {"value": json.loads(dumps(InventoryModule._parse_value(text)))}
    except Exception as e:  # what cannot be kept, or is no JSON
        return {"error": repr(e)}


def dumps(value):
    return json.dumps(value, cls=AnsibleJSONEncoder, preprocess_unsafe=True, ensure_ascii=False, allow_nan=False)


warnings = []
Display().warning = lambda msg, *args, **kwargs: warnings.append(msg)
answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    request = json.loads(line)
    warnings.clear()
    try:
        if "literals" in request:
            answer = {"literals": [literal(text) for text in request["literals"]]}
        else:
            answer = inventory(request)
        bad = [w for w in warnings if "parse" in w or "Skipping" in w]
        if bad:
            answer = {"error": "; ".join(bad)}
        text = dumps(answer)
    except Exception as e:
        text = dumps({"error": repr(e)})
    answers.write(text + os.linesep)
    answers.flush()
