"""How long Python's Jinja2 takes for templates: for each line {"text": ..., "vars": [{...}, ...]} one of JSON, {"seconds": s}.

A template is compiled once and rendered with each of the variables. The fastest of some rounds counts.
"""
import json
import sys
import time

import jinja2

for line in sys.stdin:
    request = json.loads(line)
    env = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
    template = env.from_string(request["text"])
    best, rounds, until = 1e9, 0, time.perf_counter() + request["limit"]
    while rounds < 3 or time.perf_counter() < until:
        begin = time.perf_counter()
        size = sum(len(template.render(v).rstrip("\n")) for v in request["vars"])
        best, rounds = min(best, time.perf_counter() - begin), rounds + 1
    print(json.dumps({"seconds": best, "size": size}), flush=True)
