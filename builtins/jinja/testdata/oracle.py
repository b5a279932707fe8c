"""What Ansible makes of templates: for each line {"text": ..., "vars": {...}, "files": {...}} one of JSON.

The answer is {"out": text} or {"error": message}. It is what the action plugin template does with a file, for many in one
process.
"""
import json
import os
import resource
import signal
import sys
import warnings

from jinja2 import DictLoader

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

warnings.filterwarnings("ignore")
answers = os.fdopen(os.dup(1), "w")  # Ansible prints warnings
sys.stdout = sys.stderr
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
loader = DataLoader()


def too_long(signum, frame):
    raise RuntimeError("takes too long")


signal.signal(signal.SIGALRM, too_long)


def render(request):
    templar = Templar(loader=loader, variables=request["vars"])
    templar.environment.loader = DictLoader(request.get("files") or {})
    signal.alarm(20)
    try:
        return {"out": templar.do_template(request["text"], preserve_trailing_newlines=True, escape_backslashes=False)}
    except Exception as e:
        return {"error": f"{type(e).__name__}: {e}"[-500:]}
    finally:
        signal.alarm(0)


for line in sys.stdin:
    answers.write(json.dumps(render(json.loads(line))) + "\n")
    answers.flush()
