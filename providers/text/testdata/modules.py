# Runs modules of Ansible on files, in one process: cases come as JSON on the standard input, each with the module, its
# parameters and the text of the file (null for none), and the texts afterwards go out as JSON; an error is {"failed": ...}.
import importlib, json, os, sys, tempfile

class Ended(Exception):
    pass

class Failed(Exception):
    pass

class Module:
    params = {}
    check_mode = False
    _diff = False
    tmpdir = None

    def __init__(self, argument_spec=None, **kwargs):
        given = dict(Module.given)
        for name, spec in argument_spec.items():
            for alias in spec.get("aliases", []):
                if alias in given:
                    given[name] = given.pop(alias)
            given.setdefault(name, spec.get("default"))
        given["unsafe_writes"] = False
        self.params = given

    def boolean(self, value):
        return bool(value)

    def exit_json(self, **kwargs):
        raise Ended()

    def fail_json(self, **kwargs):
        raise Failed(kwargs.get("msg"))

    def atomic_move(self, src, dst, **kwargs):
        os.replace(src, dst)

    def load_file_common_arguments(self, params, **kwargs):
        return {}

    def set_fs_attributes_if_different(self, *args, **kwargs):
        return False

    def set_file_attributes_if_different(self, *args, **kwargs):
        return False

modules = {}
for name in ("lineinfile", "blockinfile", "replace"):
    modules[name] = importlib.import_module("ansible.modules." + name)
    modules[name].AnsibleModule = Module

out = []
with tempfile.TemporaryDirectory() as tmp:
    Module.tmpdir = tmp
    path = os.path.join(tmp, "file")
    for case in json.load(sys.stdin):
        if os.path.exists(path):
            os.remove(path)
        if case["text"] is not None:
            with open(path, "wb") as f:
                f.write(case["text"].encode())
        Module.given = dict(case["params"], path=path)
        try:
            modules[case["module"]].main()
        except Ended:
            pass
        except (Failed, Exception) as e:
            out.append({"failed": str(e) or type(e).__name__})
            continue
        text = None
        if os.path.exists(path):
            with open(path, "rb") as f:
                text = f.read().decode()
        out.append({"text": text})
json.dump(out, sys.stdout)
